/// What people type, in what way it differs from what is written, and how the title of the video begins that they mean.
struct SearchCase: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// Words as they are written, in small letters.
        case plain
        /// Another form of a word.
        case inflection
        /// With a mistake.
        case typo
        /// Accents left out, or put where there are none.
        case accent
        /// The last word is not finished.
        case prefix
    }

    var kind: Kind
    var text: String
    var title: String

    static let all = Kind.allCases.flatMap { kind in
        (lines[kind] ?? "").split(separator: "\n").compactMap { line in
            line.firstRange(of: " > ").map {
                SearchCase(kind: kind, text: String(line[..<$0.lowerBound]), title: String(line[$0.upperBound...]))
            }
        }
    }

    private static let lines: [Kind: String] = [
        .plain: """
        cholecystectomy > Laparoscopic
        gallbladder removal > Laparoscopic
        knee replacement > Total knee
        mitral valve > Mitral
        local anaesthesia mesh > Open repair
        suturing for beginners > Suturing
        tracheostomy adult > Emergency
        burns in the operating theatre > Safe use
        sunlight into sugar > Photosynthesis
        the quadratic formula > Introduction
        assassination in sarajevo > The causes
        force mass acceleration > Newton
        memory cells > How the immune
        covalent bonding > Chemical
        helen marsh > Suturing
        mei tanaka eye > Cataract
        artificial intelligence > Panel
        hernia umbilical > Reparación
        donante vivo > Trasplante
        la tabla periódica > La tabla
        manguito rotador > Artroscopia
        toma de la bastilla > La Revolución
        molinos y sancho > El Quijote
        planetas con maqueta > El sistema
        festival de danza > Festival
        huelga de trenes > Huelga
        villa romana > Descubierta
        feria del libro > Feria
        bosque del norte > Incendio
        холецистэктомия > Лапароскопическая
        местная анестезия сетка > Пластика
        операция на работающем сердце > Аорто
        первая помощь > Первая
        фотосинтез > Фотосинтез
        теорема виета > Квадратные
        крепостное право > Отмена
        толстой роман > «Война
        законы ньютона > Законы
        вулканы камчатки > Вулканы
        гагарин ракеты > Космические
        круглый стол > Круглый
        линия метро > Новая
        древняя крепость > Археологи
        """,
        .inflection: """
        hernias > Open repair
        valves > Mitral
        cataracts > Cataract
        replacing a knee > Total knee
        incisions > Mitral
        suture technique > Suturing
        quadratic equation > Introduction
        volcano > Volcanoes
        earthquake > Volcanoes
        immunities > How the immune
        robots > Programming
        programs for a robot > Programming
        graduate > Graduation
        marathons > Charity
        bridges closing > Flooding
        candidate interview > Election
        burning fire > Safe use
        cirugías de vesículas > Colecistectomía
        trasplantes de riñones > Trasplante
        anestesias > Anestesia
        nudo de sutura > Nudos
        hernias umbilicales > Reparación
        ecuación > Ecuaciones
        revoluciones francesas > La Revolución
        planeta > El sistema
        metal > La tabla
        circuito eléctrico > Electricidad
        verbo irregular > Verbos
        bombero > Incendio
        tren en huelga > Huelga
        mosaico romano > Descubierta
        libros para niño > Feria
        грыжа > Пластика
        пластика грыж > Пластика
        хирургические швы > Наложение
        наложить шов > Наложение
        операции на сердцах > Аорто
        кровотечения > Первая
        катаракта > Удаление
        хрусталики > Удаление
        квадратное уравнение > Квадратные
        крестьянами > Отмена
        героев войны > «Война
        закон ньютоном > Законы
        атомы > Строение
        электрон > Строение
        вулкан > Вулканы
        школьникам программирование > Программирование
        космонавтов > Космические
        детские хоры > Концерт
        концерты > Концерт
        станция метро > Новая
        кандидат > Выборы
        """,
        .typo: """
        cholecistectomy > Laparoscopic
        gallblader > Laparoscopic
        laproscopic > Laparoscopic
        hernai mesh > Open repair
        mitral vlave > Mitral
        sutering > Suturing
        tracheotsomy > Emergency
        cataratc > Cataract
        diathermi > Safe use
        photosinthesis > Photosynthesis
        quadratik equations > Introduction
        acceleraton > Newton
        vulcanoes > Volcanoes
        earthquaks > Volcanoes
        vacination > How the immune
        shakespear > Reading
        graduaton day > Graduation
        marathno > Charity
        artifical inteligence > Panel
        libary > Library
        colesistectomia > Colecistectomía
        laparoscopai > Colecistectomía
        transplante > Trasplante
        anestecia > Anestesia
        artroscopai > Artroscopia
        reanimasion > Reanimación
        fotosintezis > La fotosíntesis
        ecuasiones > Ecuaciones
        revolucoin > La Revolución
        electrisidad > Electricidad
        astronimia > El sistema
        festibal > Festival
        inzendio > Incendio
        bonberos > Incendio
        elecsiones > Elecciones
        arqueolojia > Descubierta
        лапароскопичесая > Лапароскопическая
        холицистэктомия > Лапароскопическая
        грыжы > Пластика
        эндопротезирвание > Эндопротезирование
        шунтированеи > Аорто
        кровотичение > Первая
        трахиостомия > Трахеостомия
        катаракат > Удаление
        фотосинтиз > Фотосинтез
        уровнения > Квадратные
        крепосное право > Отмена
        ускарение > Законы
        програмирование > Программирование
        космичиские > Космические
        исскуственный интеллект > Круглый
        наводнине > Наводнение
        """,
        .accent: """
        cafe > Library
        réading rooms > Library
        colecistectomia > Colecistectomía
        vision critica > Colecistectomía
        riñon > Trasplante
        rinon donante > Trasplante
        nunez > Trasplante
        cesarea > Cesárea
        anestesia raquidea > Anestesia
        quirofano > Lavado
        reanimacion > Reanimación
        fotosintesis > La fotosíntesis
        algebra segundo grado > Ecuaciones
        revolucion francesa > La Revolución
        geografia del agua > El ciclo
        magnetísmo > Electricidad
        conjugacion ingles > Verbos
        CARDIOLOGÍA > Inauguración
        graduacion alumnos > Ceremonia
        cambio climatico > Mesa
        musica danza > Festival
        желчный пузырь > Лапароскопическая
        николай федоров > Квадратные
        полеты > Космические
        подсчет голосов > Выборы
        затопленные села > Наводнение
        """,
        .prefix: """
        laparoscopic chol > Laparoscopic
        gallbl > Laparoscopic
        total kn > Total knee
        phaco > Cataract
        photosyn > Photosynthesis
        quadr > Introduction
        first world w > The causes
        immu > How the immune
        shakesp > Reading
        gradu > Graduation
        winter conc > Winter
        opening cer > Opening
        colecis > Colecistectomía
        trasplante de ri > Trasplante
        artrosc > Artroscopia
        ecuac > Ecuaciones
        la revol > La Revolución
        electr > Electricidad
        magnet > Electricidad
        sistema so > El sistema
        лапаро > Лапароскопическая
        эндопр > Эндопротезирование
        квадр > Квадратные
        законы нью > Законы
        космич > Космические
        археол > Археологи
        """,
    ]
}
