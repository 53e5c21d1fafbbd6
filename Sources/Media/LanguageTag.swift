/// A language as players are told of it (RFC 5646), from what containers write: ISO 639-1 or 639-2, in either of its forms, or
/// a tag already.
public struct LanguageTag: Sendable, Hashable {
    /// `es`, `es-419`, `ast`: the shortest code there is.
    public let text: String
    /// ISO 639-2/T, as MP4 has it; `und` where there is none.
    public let threeLetters: String

    /// Nil for what names no language.
    public init?(_ written: String) {
        let parts = written.lowercased().split(whereSeparator: { $0 == "-" || $0 == "_" })
        guard let first = parts.first.map(String.init), (2...3).contains(first.utf8.count), written.utf8.count <= 35,
            !["und", "mul", "mis", "zxx", "qaa"].contains(first),
            parts.allSatisfy({ (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy(Self.isLetterOrDigit) })
        else { return nil }
        let entry = Self.entries[first]
        guard entry != nil || first.utf8.count == 3 else { return nil }
        text = ([entry?.short ?? first] + parts.dropFirst().map(String.init)).joined(separator: "-")
        threeLetters = entry?.long ?? first
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    /// By each of its codes.
    private static let entries: [String: (short: String, long: String)] = codes.split(whereSeparator: \.isWhitespace)
        .reduce(into: [:]) { entries, word in
            let (short, rest) = (String(word.prefix(2)), word.dropFirst(2))
            let entry = (short, String(rest.prefix(3)))
            for code in [short, entry.1, String(rest.dropFirst(3))] where !code.isEmpty { entries[code] = entry }
        }

    /// The languages that have two letters: ISO 639-1, 639-2/T, and 639-2/B where that is another.
    private static let codes = """
        aaaar ababk aeave afafr akaka amamh anarg arara asasm avava ayaym azaze babak bebel bgbul bhbih bibis bmbam
        bnben bobodtib brbre bsbos cacat ceche chcha cocos crcre cscescze cuchu cvchv cycymwel dadan dedeuger dvdiv
        dzdzo eeewe elellgre eneng eoepo esspa etest eueusbaq fafasper ffful fifin fjfij fofao frfrafre fyfry gagle
        gdgla glglg gngrn guguj gvglv hahau heheb hihin hohmo hrhrv hthat huhun hyhyearm hzher iaina idind ieile
        igibo iiiii ikipk ioido isislice itita iuiku jajpn jvjav kakatgeo kgkon kikik kjkua kkkaz klkal kmkhm knkan
        kokor krkau kskas kukur kvkom kwcor kykir lalat lbltz lglug lilim lnlin lolao ltlit lulub lvlav mgmlg mhmah
        mimrimao mkmkdmac mlmal mnmon mrmar msmsamay mtmlt mymyabur nanau nbnob ndnde nenep ngndo nlnlddut nnnno
        nonor nrnbl nvnav nynya ococi ojoji omorm orori ososs papan pipli plpol pspus ptpor quque rmroh rnrun
        roronrum rurus rwkin sasan scsrd sdsnd sesme sgsag sisin skslkslo slslv smsmo snsna sosom sqsqialb srsrp
        ssssw stsot susun svswe swswa tatam tetel tgtgk ththa titir tktuk tltgl tntsn toton trtur tstso tttat twtwi
        tytah uguig ukukr ururd uzuzb veven vivie vovol wawln wowol xhxho yiyid yoyor zazha zhzhochi zuzul
        """
}
