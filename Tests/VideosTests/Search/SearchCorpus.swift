@testable import Videos

/// A library of a hospital, a school and a town in three languages, for looking things up in it.
enum SearchCorpus {
    struct Entry {
        var title, description, category: String
        /// Separated by commas.
        var tags, people: String
    }

    static let all = english + spanish + russian

    private static let english: [Entry] = [
        Entry(
            title: "Laparoscopic cholecystectomy step by step",
            description: "Removal of the gallbladder through four ports, with the critical view of safety.",
            category: "Surgery", tags: "laparoscopy, gallbladder", people: "Dr. Helen Marsh"),
        Entry(
            title: "Open repair of an inguinal hernia",
            description: "Lichtenstein technique with a mesh under local anaesthesia.",
            category: "Surgery", tags: "hernia, mesh", people: "Dr. Omar Haddad"),
        Entry(
            title: "Total knee replacement",
            description: "Cutting guides, balancing of ligaments and cementing of the prosthesis.",
            category: "Orthopaedics", tags: "knee, prosthesis", people: "Dr. Ingrid Olsen"),
        Entry(
            title: "Mitral valve repair through a small incision",
            description: "Minimally invasive access, artificial chords and an annuloplasty ring.",
            category: "Cardiac surgery", tags: "heart, valve", people: "Prof. Daniel Brooks"),
        Entry(
            title: "Suturing techniques for beginners",
            description: "Simple interrupted, mattress and running stitches on a training pad.",
            category: "Training", tags: "sutures, skills", people: "Dr. Helen Marsh"),
        Entry(
            title: "Emergency tracheostomy",
            description: "Airway access in an adult who cannot be intubated.",
            category: "Emergency", tags: "airway, trauma", people: "Dr. Samuel Okafor"),
        Entry(
            title: "Cataract surgery with phacoemulsification",
            description: "Capsulorhexis, removal of the clouded lens and implantation of a new one.",
            category: "Ophthalmology", tags: "eye, lens", people: "Dr. Mei Tanaka"),
        Entry(
            title: "Safe use of diathermy in the operating theatre",
            description: "How burns and fires happen and how teams prevent them.",
            category: "Safety", tags: "electrosurgery, fire", people: "Nurse Paula Grant"),
        Entry(
            title: "Handwashing and sterile gowning",
            description: "Scrubbing, gloves and gowns before an operation.",
            category: "Training", tags: "hygiene, sterile field", people: "Nurse Paula Grant"),
        Entry(
            title: "Photosynthesis explained",
            description: "How leaves turn sunlight, water and carbon dioxide into sugar.",
            category: "Biology", tags: "plants, light", people: "Ms. Carter"),
        Entry(
            title: "Introduction to quadratic equations",
            description: "Factoring, completing the square and the formula.",
            category: "Mathematics", tags: "algebra, equations", people: "Mr. Novak"),
        Entry(
            title: "The causes of the First World War",
            description: "Alliances, empires and the assassination in Sarajevo.",
            category: "History", tags: "war, Europe", people: "Ms. Whitfield"),
        Entry(
            title: "Newton's laws of motion",
            description: "Force, mass and acceleration with trolleys and an air track.",
            category: "Physics", tags: "mechanics, forces", people: "Mr. Adeyemi"),
        Entry(
            title: "Volcanoes and earthquakes",
            description: "Plates of the crust move, collide and melt.",
            category: "Geography", tags: "geology, tectonics", people: "Ms. Lindqvist"),
        Entry(
            title: "How the immune system remembers",
            description: "Antibodies, memory cells and vaccines.",
            category: "Biology", tags: "immunity, vaccination", people: "Ms. Carter"),
        Entry(
            title: "Reading Shakespeare's sonnets",
            description: "Metre, rhyme and the turn in the last couplet.",
            category: "Literature", tags: "poetry, Shakespeare", people: "Mr. Bell"),
        Entry(
            title: "Chemical bonds",
            description: "Ionic, covalent and metallic bonding with models.",
            category: "Chemistry", tags: "molecules, atoms", people: "Ms. Rossi"),
        Entry(
            title: "Programming your first robot",
            description: "Loops, sensors and motors for a class of twelve-year-olds.",
            category: "Technology", tags: "robotics, coding", people: "Mr. Adeyemi"),
        Entry(
            title: "Opening ceremony of the annual congress",
            description: "Welcome addresses and the orchestra of the city.",
            category: "Events", tags: "congress, ceremony", people: "Mayor Ruth Ellison"),
        Entry(
            title: "Graduation day 2025",
            description: "Students receive their diplomas; speech by the headmaster.",
            category: "Events", tags: "graduation, school", people: "Headmaster Paul Grey"),
        Entry(
            title: "Charity marathon along the river",
            description: "Four thousand runners raise money for the children's ward.",
            category: "Events", tags: "running, charity", people: "Kate Moran"),
        Entry(
            title: "Panel discussion about artificial intelligence in medicine",
            description: "Radiologists, lawyers and patients on algorithms that diagnose.",
            category: "Conference", tags: "AI, ethics", people: "Prof. Daniel Brooks, Dr. Mei Tanaka"),
        Entry(
            title: "Winter concert of the school choir",
            description: "Carols and songs from five countries.",
            category: "Events", tags: "music, choir", people: "Mr. Bell"),
        Entry(
            title: "Flooding closes the old bridge",
            description: "Heavy rain raised the river above the embankment.",
            category: "News", tags: "weather, flood", people: "Jill Santos"),
        Entry(
            title: "New bus lines from September",
            description: "Timetables, stops and tickets for the northern suburbs.",
            category: "News", tags: "transport, city", people: "Jill Santos"),
        Entry(
            title: "Election night: results and reactions",
            description: "Counting of votes, interviews with the candidates.",
            category: "News", tags: "politics, election", people: "Omid Farsi"),
        Entry(
            title: "Library reopens after renovation",
            description: "Reading rooms, a café and a studio for podcasts.",
            category: "News", tags: "culture, books", people: "Jill Santos"),
    ]

    private static let spanish: [Entry] = [
        Entry(
            title: "Colecistectomía laparoscópica paso a paso",
            description: "Extirpación de la vesícula con visión crítica de seguridad.",
            category: "Cirugía", tags: "laparoscopia, vesícula", people: "Dra. Lucía Herrera"),
        Entry(
            title: "Reparación de hernia umbilical",
            description: "Colocación de malla y cierre de la pared abdominal.",
            category: "Cirugía", tags: "hernia, malla", people: "Dr. Tomás Quiroga"),
        Entry(
            title: "Trasplante de riñón de donante vivo",
            description: "Anastomosis vascular y cuidados después del trasplante.",
            category: "Cirugía", tags: "riñón, donante", people: "Dra. Elena Núñez"),
        Entry(
            title: "Cesárea de urgencia",
            description: "Indicaciones, incisión y extracción del recién nacido.",
            category: "Obstetricia", tags: "parto, urgencias", people: "Dra. Marta Peña"),
        Entry(
            title: "Anestesia raquídea",
            description: "Punción lumbar, dosis y complicaciones.",
            category: "Anestesiología", tags: "anestesia, columna", people: "Dr. Iván Castaño"),
        Entry(
            title: "Artroscopia de hombro",
            description: "Portales, reparación del manguito rotador.",
            category: "Traumatología", tags: "hombro, artroscopia", people: "Dr. Tomás Quiroga"),
        Entry(
            title: "Lavado de manos quirúrgico",
            description: "Técnica, tiempos y errores frecuentes.",
            category: "Formación", tags: "higiene, quirófano", people: "Rosa Vidal"),
        Entry(
            title: "Nudos y suturas básicas",
            description: "Prácticas con hilo, aguja y portaagujas.",
            category: "Formación", tags: "suturas, prácticas", people: "Dra. Lucía Herrera"),
        Entry(
            title: "Reanimación cardiopulmonar",
            description: "Compresiones, ventilación y desfibrilador.",
            category: "Urgencias", tags: "corazón, RCP", people: "Dr. Samuel Ortega"),
        Entry(
            title: "La fotosíntesis",
            description: "Cómo las plantas convierten la luz del sol en alimento.",
            category: "Biología", tags: "plantas, energía", people: "Inés Campos"),
        Entry(
            title: "Ecuaciones de segundo grado",
            description: "Factorización y fórmula general con ejemplos.",
            category: "Matemáticas", tags: "álgebra, ecuaciones", people: "Julián Robles"),
        Entry(
            title: "La Revolución francesa",
            description: "De la toma de la Bastilla al imperio de Napoleón.",
            category: "Historia", tags: "revolución, Francia", people: "Sara Molina"),
        Entry(
            title: "El Quijote: lectura comentada",
            description: "Los molinos, Sancho y la lengua de Cervantes.",
            category: "Literatura", tags: "Cervantes, novela", people: "Andrés Luna"),
        Entry(
            title: "El ciclo del agua",
            description: "Evaporación, nubes, lluvia y ríos.",
            category: "Geografía", tags: "agua, clima", people: "Inés Campos"),
        Entry(
            title: "La tabla periódica",
            description: "Elementos, grupos y propiedades de los metales.",
            category: "Química", tags: "elementos, átomos", people: "Nuria Vega"),
        Entry(
            title: "Electricidad y magnetismo",
            description: "Circuitos, imanes y motores sencillos.",
            category: "Física", tags: "circuitos, imanes", people: "Julián Robles"),
        Entry(
            title: "Verbos irregulares en inglés",
            description: "Conjugación y ejercicios de pronunciación.",
            category: "Idiomas", tags: "inglés, gramática", people: "Emma Ruiz"),
        Entry(
            title: "El sistema solar",
            description: "Planetas, órbitas y lunas con una maqueta.",
            category: "Astronomía", tags: "planetas, espacio", people: "Andrés Luna"),
        Entry(
            title: "Inauguración del congreso de cardiología",
            description: "Discursos de bienvenida y homenaje a los fundadores.",
            category: "Eventos", tags: "congreso, cardiología", people: "Dr. Samuel Ortega"),
        Entry(
            title: "Festival de danza en la plaza mayor",
            description: "Bailes de diez provincias y música en directo.",
            category: "Eventos", tags: "danza, música", people: "Lola Cortés"),
        Entry(
            title: "Ceremonia de graduación",
            description: "Entrega de diplomas a los alumnos del último curso.",
            category: "Eventos", tags: "graduación, alumnos", people: "Pilar Sanz"),
        Entry(
            title: "Mesa redonda sobre el cambio climático",
            description: "Científicos, agricultores y jóvenes debaten medidas.",
            category: "Debate", tags: "clima, medio ambiente", people: "Nuria Vega"),
        Entry(
            title: "Feria del libro",
            description: "Firmas de autores, talleres para niños y lectura de poemas.",
            category: "Eventos", tags: "libros, autores", people: "Andrea Lozano"),
        Entry(
            title: "Incendio en el bosque del norte",
            description: "Los bomberos evacúan tres pueblos.",
            category: "Noticias", tags: "incendios, bomberos", people: "Diego Salas"),
        Entry(
            title: "Huelga de trenes",
            description: "Retrasos en las cercanías y servicios mínimos.",
            category: "Noticias", tags: "transporte, huelga", people: "Carmen Gil"),
        Entry(
            title: "Elecciones municipales: los resultados",
            description: "Recuento de votos y declaraciones de la alcaldesa.",
            category: "Noticias", tags: "elecciones, política", people: "Carmen Gil"),
        Entry(
            title: "Descubierta una villa romana",
            description: "Arqueólogos hallan mosaicos junto a la autopista.",
            category: "Noticias", tags: "arqueología, mosaicos", people: "Diego Salas"),
    ]

    private static let russian: [Entry] = [
        Entry(
            title: "Лапароскопическая холецистэктомия",
            description: "Удаление жёлчного пузыря через четыре прокола.",
            category: "Хирургия", tags: "лапароскопия, жёлчный пузырь", people: "Ольга Смирнова"),
        Entry(
            title: "Пластика паховой грыжи",
            description: "Установка сетки под местной анестезией.",
            category: "Хирургия", tags: "грыжа, сетка", people: "Игорь Кузнецов"),
        Entry(
            title: "Эндопротезирование тазобедренного сустава",
            description: "Установка чашки и ножки протеза.",
            category: "Ортопедия", tags: "сустав, протез", people: "Павел Орлов"),
        Entry(
            title: "Аортокоронарное шунтирование",
            description: "Операция на работающем сердце.",
            category: "Кардиохирургия", tags: "сердце, сосуды", people: "Анна Лебедева"),
        Entry(
            title: "Наложение швов: основы",
            description: "Узлы, иглы и нити для начинающих хирургов.",
            category: "Обучение", tags: "швы, навыки", people: "Ольга Смирнова"),
        Entry(
            title: "Первая помощь при кровотечении",
            description: "Жгут, давящая повязка и ошибки.",
            category: "Скорая помощь", tags: "кровотечение, травма", people: "Сергей Волков"),
        Entry(
            title: "Обработка рук хирурга",
            description: "Мытьё, антисептик и стерильные перчатки.",
            category: "Обучение", tags: "гигиена, стерильность", people: "Вера Титова"),
        Entry(
            title: "Трахеостомия",
            description: "Доступ к дыхательным путям у взрослого.",
            category: "Скорая помощь", tags: "дыхание, реанимация", people: "Сергей Волков"),
        Entry(
            title: "Удаление катаракты",
            description: "Замена мутного хрусталика глаза.",
            category: "Офтальмология", tags: "глаз, хрусталик", people: "Мария Белова"),
        Entry(
            title: "Фотосинтез",
            description: "Как листья превращают солнечный свет в сахар.",
            category: "Биология", tags: "растения, свет", people: "Елена Зайцева"),
        Entry(
            title: "Квадратные уравнения",
            description: "Дискриминант, корни и теорема Виета.",
            category: "Математика", tags: "алгебра, уравнения", people: "Николай Фёдоров"),
        Entry(
            title: "Отмена крепостного права",
            description: "Реформы Александра Второго и жизнь крестьян.",
            category: "История", tags: "реформы, Россия", people: "Татьяна Громова"),
        Entry(
            title: "«Война и мир»: герои и судьбы",
            description: "Наташа, Пьер и Андрей в романе Толстого.",
            category: "Литература", tags: "роман, Толстой", people: "Виктор Чернов"),
        Entry(
            title: "Законы Ньютона",
            description: "Сила, масса и ускорение на опытах с тележками.",
            category: "Физика", tags: "механика, силы", people: "Николай Фёдоров"),
        Entry(
            title: "Строение атома",
            description: "Ядро, электроны и оболочки.",
            category: "Химия", tags: "атом, электроны", people: "Елена Зайцева"),
        Entry(
            title: "Вулканы Камчатки",
            description: "Извержения, гейзеры и горячие источники.",
            category: "География", tags: "вулканы, природа", people: "Татьяна Громова"),
        Entry(
            title: "Программирование на Питоне для школьников",
            description: "Циклы, функции и первая игра.",
            category: "Информатика", tags: "программирование, игры", people: "Артём Соколов"),
        Entry(
            title: "Космические полёты: от Гагарина до наших дней",
            description: "Ракеты, станции и космонавты.",
            category: "Астрономия", tags: "космос, ракеты", people: "Виктор Чернов"),
        Entry(
            title: "Открытие кардиологического конгресса",
            description: "Приветствия гостей и вручение наград.",
            category: "События", tags: "конгресс, награды", people: "Анна Лебедева"),
        Entry(
            title: "Выпускной вечер",
            description: "Ученики получают аттестаты, вальс и салют.",
            category: "События", tags: "выпускной, школа", people: "Людмила Панина"),
        Entry(
            title: "Концерт детского хора",
            description: "Народные песни и новогодние мелодии.",
            category: "События", tags: "музыка, хор", people: "Виктор Чернов"),
        Entry(
            title: "Круглый стол об искусственном интеллекте",
            description: "Врачи и инженеры спорят о диагнозах машин.",
            category: "Конференция", tags: "искусственный интеллект, медицина", people: "Павел Орлов"),
        Entry(
            title: "Наводнение на юге",
            description: "Спасатели вывозят жителей затопленных сёл.",
            category: "Новости", tags: "погода, спасатели", people: "Лев Марков"),
        Entry(
            title: "Новая линия метро",
            description: "Станции откроют к осени, поезда пойдут чаще.",
            category: "Новости", tags: "транспорт, метро", people: "Лев Марков"),
        Entry(
            title: "Выборы мэра: итоги голосования",
            description: "Подсчёт голосов и заявления кандидатов.",
            category: "Новости", tags: "выборы, политика", people: "Ника Юдина"),
        Entry(
            title: "Археологи нашли древнюю крепость",
            description: "Раскопки у реки, монеты и керамика.",
            category: "Новости", tags: "археология, раскопки", people: "Ника Юдина"),
    ]
}
