import SQL
import Telemetry

/// Brings into the index what is not in it yet: videos of before there was an index, of a database that was copied, and all of them when
/// words are analysed in another way. It works in pieces, each a transaction, so that nobody waits for it long.
struct IndexVideos: Sendable {
    /// Videos that are indexed together.
    private static let pieceSize = 100
    /// Words of the vocabulary that are looked at together.
    private static let vocabularyPiece = 200

    let database: Database
    let log: Log
    /// `VideoEncoding.captionsOfFilm`.
    let captionsOfFilm: @Sendable (VersionID) async throws -> [FilmCaptions]
    private let store = VideoStore()
    private let vocabulary = SearchVocabulary()

    /// - Returns: how many were indexed.
    @discardableResult
    func callAsFunction() async throws -> Int {
        var (count, last) = (0, "")
        while !Task.isCancelled {
            let after = last
            let ids = try await database.scan { try missing(after: after, in: $0) }
            guard let end = ids.last else { break }
            let captions = await bringCaptions(of: ids)
            try await database.write { transaction in
                for (id, version, captions) in captions {
                    guard let video = try store.find(id, in: transaction) else { continue }
                    if !captions.isEmpty {
                        try FilmCaptionStore().replace(with: captions, of: version, id, in: transaction)
                    }
                    try store.index(video, in: transaction)
                }
            }
            count += captions.count  // bound: rows of a database
            last = end.0.description
        }
        if count > 0 { log.info("videos were taken into the index of the search", ["count": .init(count)]) }
        return count
    }

    /// The captions that came with the files, of those videos that were made before the search looked at them. A video whose captions
    /// cannot be read now is left out: it is tried again at the next start.
    private func bringCaptions(
        of ids: [(VideoID, VersionID)]
    ) async -> [(VideoID, VersionID, [FilmCaptions])] {
        var found: [(VideoID, VersionID, [FilmCaptions])] = []
        for (id, version) in ids {
            do {
                let isThere = try await database.read { try FilmCaptionStore().hasAny(of: version, id, in: $0) }
                found.append((id, version, isThere ? [] : try await captionsOfFilm(version)))  // bound: pieceSize
            } catch {
                log.warning(
                    "captions of a file cannot be read, so the search does not know the video as it should",
                    ["video": .init(id), "error": .error(error)])
            }
        }
        return found
    }

    /// Takes one video in anew.
    func callAsFunction(_ id: VideoID) async throws {
        try await database.write { transaction in
            guard let video = try store.find(id, in: transaction) else { return }
            try store.index(video, in: transaction)
        }
    }

    private func missing(after id: String, in access: ReadAccess) throws -> [(VideoID, VersionID)] {
        try access.query(
            """
            SELECT id, COALESCE(version_id, id) AS version FROM videos WHERE id > $1 AND NOT EXISTS (SELECT 1 FROM search_documents \
            WHERE search_documents.video_id = videos.id AND search_documents.version = $2) ORDER BY id LIMIT $3
            """, id, SearchDocument.version, Self.pieceSize
        ).map { (try $0.value("id"), try $0.value("version")) }
    }

    /// Forgets words that no video has any more.
    ///
    /// - Returns: how many were forgotten.
    @discardableResult
    func forgetUnusedWords() async throws -> Int {
        var (count, last) = (0, "")
        while !Task.isCancelled {
            let after = last
            let words = try await database.scan {
                try vocabulary.words(after: after, limit: Self.vocabularyPiece, in: $0)
            }
            guard let end = words.last else { break }
            let everything = Viewer(id: .init(), role: .admin)
            count += try await database.write { transaction in
                let unused = try words.filter { word in
                    let expression = SearchExpression(words: [[SearchExpression.Phrase(term: word)]])
                    return try !transaction.searchIndex.hasMatch(expression, for: everything, in: transaction)
                }
                for word in unused { try vocabulary.remove(word, in: transaction) }
                return unused.count
            }
            last = end
        }
        return count
    }
}

extension VideoStore {
    /// Writes a video into the index of the search, in the transaction that writes its row.
    func index(_ video: Video, in transaction: Transaction) throws {
        // What is behind a password is not found by its words: they would tell, one by one, what is said.
        let spoken = video.passwordHash == nil ? try spoken(in: video, transaction).map(\.text) : []
        try index(SearchDocument(video, spoken: spoken), in: transaction)
    }

    func index(_ document: SearchDocument, in transaction: Transaction) throws {
        try transaction.searchIndex.put(document, in: transaction)
        try SearchVocabulary().add(document.vocabulary, in: transaction)
    }

    /// Videos by their ids, in that order; those that are gone are left out.
    func find(_ ids: [VideoID], in access: ReadAccess) throws -> [Video] {
        guard !ids.isEmpty else { return [] }
        let parameters = ids.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let rows = try access.query("SELECT \(Self.columns) FROM videos WHERE id IN (\(parameters))", arguments: ids)
        let found = try Dictionary(uniqueKeysWithValues: videos(rows, in: access).map { ($0.id, $0) })
        return ids.compactMap { found[$0] }
    }
}
