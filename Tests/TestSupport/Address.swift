/// The address that a reference in the document at `base` means: one from the root, or one beside the document.
func address(_ reference: some StringProtocol, in base: String) -> String {
    if reference.hasPrefix("/") { return String(reference) }
    let path = base.prefix { $0 != "?" }
    guard let slash = path.lastIndex(of: "/") else { return String(reference) }
    return String(path[...slash]) + reference
}
