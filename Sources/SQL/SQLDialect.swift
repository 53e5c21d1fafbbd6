/// The databases, where a statement cannot be one text for both: full text is searched in different ways.
public enum SQLDialect: Sendable, CaseIterable {
    case sqlite, postgreSQL
}
