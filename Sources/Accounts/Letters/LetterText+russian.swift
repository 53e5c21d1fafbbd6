import FoundationEssentials

extension LetterText {
    static func russian(_ letter: Letter, site: String) -> LetterText {
        switch letter {
        case .verification(let link, let lifetime):
            LetterText(
                subject: "Подтвердите адрес электронной почты",
                paragraphs: [
                    "С этим адресом электронной почты запросили учётную запись на \(site).",
                    "Если это были вы, откройте ссылку и введите пароль, который выбрали.",
                ],
                action: Action(label: "Подтвердить адрес", link: link),
                ending: [
                    "Ссылка действует \(russian(lifetime)).",
                    "Если это были не вы, ничего не делайте: без этой ссылки учётная запись не появится.",
                ])
        case .accountExists(let signIn, let reset):
            LetterText(
                subject: "У вас уже есть учётная запись",
                paragraphs: [
                    "С вашим адресом электронной почты запросили учётную запись на \(site). Она у вас уже есть, и ничего не изменилось.",
                    "Если это были вы, войдите со своим паролем.",
                ],
                action: Action(label: "Войти", link: signIn),
                ending: ["Не помните пароль? Выберите новый здесь: \(reset)"])
        case .passwordReset(let link, let lifetime):
            LetterText(
                subject: "Выберите новый пароль",
                paragraphs: ["Для вашей учётной записи на \(site) запросили новый пароль."],
                action: Action(label: "Выбрать новый пароль", link: link),
                ending: [
                    "Ссылка действует \(russian(lifetime)) и только один раз.",
                    "Если это были не вы, ничего не делайте: пароль останется прежним.",
                ])
        case .firstPassword(let link, let lifetime):
            LetterText(
                subject: "Ваша учётная запись на \(site)",
                paragraphs: ["Для вас создали учётную запись на \(site). Выберите для неё пароль."],
                action: Action(label: "Выбрать пароль", link: link),
                ending: ["Ссылка действует \(russian(lifetime)) и только один раз."])
        case .invitation(let link, let lifetime):
            LetterText(
                subject: "Приглашение на \(site)",
                paragraphs: ["Вас приглашают создать учётную запись на \(site)."],
                action: Action(label: "Принять приглашение", link: link),
                ending: ["Приглашение действует \(russian(lifetime)) и только один раз."])
        case .accountLocked(let time, let reset):
            LetterText(
                subject: "Неверные пароли для вашей учётной записи",
                paragraphs: [
                    "Кто-то несколько раз ввёл неверный пароль для вашей учётной записи на \(site). Оттуда войти в неё нельзя: вход закрыт на \(russian(time)).",
                    "Если это были вы, подождите или выберите новый пароль: это сразу снимет блокировку.",
                ],
                action: Action(label: "Выбрать новый пароль", link: reset),
                ending: ["Если это были не вы, делать ничего не нужно. Ваш пароль по-прежнему знаете только вы."])
        case .codesLocked(let time, let reset):
            LetterText(
                subject: "Неверные одноразовые коды для вашей учётной записи",
                paragraphs: [
                    "Кто-то несколько раз ввёл неверный одноразовый код для вашей учётной записи на \(site). Оттуда войти в неё нельзя: вход закрыт на \(russian(time)).",
                    "Если это были вы, подождите или выберите новый пароль: это сразу снимет блокировку.",
                ],
                action: Action(label: "Выбрать новый пароль", link: reset),
                ending: [
                    "Если это были не вы, выберите новый пароль: код спрашивают только у того, кто уже ввёл верный пароль."
                ])
        case .passwordChanged(let reset):
            LetterText(
                subject: "Ваш пароль изменён",
                paragraphs: [
                    "Пароль вашей учётной записи на \(site) изменён, все её сеансы завершены.",
                    "Если это сделали вы, делать ничего не нужно. Если нет, сразу выберите новый пароль и сообщите администратору.",
                ],
                action: Action(label: "Выбрать новый пароль", link: reset))
        case .signInCodesChanged(let areOn, let reset):
            LetterText(
                subject: areOn ? "Одноразовые коды включены" : "Одноразовые коды выключены",
                paragraphs: [
                    areOn
                        ? "Теперь при входе в вашу учётную запись на \(site) нужен одноразовый код."
                        : "При входе в вашу учётную запись на \(site) одноразовый код больше не нужен.",
                    "Если это изменили не вы, сразу выберите новый пароль и сообщите администратору.",
                ],
                action: Action(label: "Выбрать новый пароль", link: reset))
        }
    }

    private static func russian(_ seconds: TimeInterval) -> String {
        switch LetterSpan(seconds) {
        case .days(let count): "\(count) \(form(of: count, "день", "дня", "дней"))"
        case .hours(let count): "\(count) \(form(of: count, "час", "часа", "часов"))"
        case .minutes(let count): "\(count) \(form(of: count, "минуту", "минуты", "минут"))"
        }
    }

    /// The form that a number asks for: 1 день, 3 дня, 5 дней, 11 дней, 21 день.
    private static func form(of count: Int, _ one: String, _ few: String, _ many: String) -> String {
        switch (count % 10, count % 100) {
        case (_, 11...14): many
        case (1, _): one
        case (2...4, _): few
        default: many
        }
    }
}
