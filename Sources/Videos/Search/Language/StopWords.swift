/// Words that say nothing of what is looked for. They are indexed as all others; a query that has other words does without them.
enum StopWords {
    static func contains(_ folded: String) -> Bool { all.contains(folded) }

    private static let all = Set(
        (english + " " + spanish + " " + russian).split { " \n".contains($0) }.map(String.init))

    private static let english = """
        a about an and are as at be by can did do does for from had has have how i in into is it its me my of on or our so \
        that the their then there these they this those to was we were what when where which who why will with you your
        """
    private static let spanish = """
        al como con cual cuando de del desde donde e el ella ellos en entre era es esta este esto la las le les lo los mas \
        mi muy ni nos o para pero por porque que quien se ser si sin sobre son su sus tambien te tu un una unas uno unos y ya
        """
    private static let russian = """
        а без бы был была были было в вам вас во вот все вы где да для до его ее если есть еще же за и из или их к как \
        когда кто ли мне мы на над не нет ни но о об он она они оно от по под при про с со так там то тоже у уже чем что \
        чтобы эта эти это я
        """
}
