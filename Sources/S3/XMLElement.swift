/// A part of an answer: its name without a namespace's prefix, what stands directly in it, and the elements in it.
struct XMLElement: Sendable, Equatable {
    let name: String
    var text = ""
    var children: [XMLElement] = []

    /// The first element of that name.
    subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

enum XMLError: Error, Equatable {
    case malformed(at: Int)
    /// A document type could define entities that grow without bound or name files; no answer of S3 has one.
    case documentType
    case tooDeep
    case tooLarge
    /// There is nothing, or not all of it.
    case incomplete
}
