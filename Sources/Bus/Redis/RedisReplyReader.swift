import CRedis

/// Finds replies in what comes over a connection: hiredis' parser, which builds values of Swift.
///
/// A reply has so many bytes and elements at most, and lists lie in lists seven deep at most; more is an error, after which nothing
/// is read any more.
final class RedisReplyReader {
    static let mostBytes = 1 << 20
    private static let mostElements: Int32 = 1024

    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    /// Of the reply that is not whole yet, and of what stands behind it.
    private var unreadCount = 0

    init() {
        functions = .allocate(capacity: 1)
        functions.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, bytes, count in
                    let text = UnsafeRawBufferPointer(start: bytes, count: count)
                    guard task?.pointee.type == REDIS_REPLY_ERROR else { return node(.bytes(Array(text)), in: task) }
                    return node(.error(String(decoding: text, as: UTF8.self)), in: task)
                },
                createArray: { task, count in
                    count <= RedisReplyReader.mostElements ? node(.list([]), in: task) : nil
                },
                createInteger: { task, number in node(.integer(Int(number)), in: task) },
                createNil: { task in node(.none, in: task) },
                freeObject: { object in if let object { Unmanaged<RedisNode>.fromOpaque(object).release() } }))
        // It fails for want of memory only, which ends a Swift program anywhere.
        guard let reader = redisReaderCreateWithFunctions(functions) else { fatalError("no memory for a reader") }
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
        functions.deallocate()
    }

    /// - Throws: `RedisError.noRedis`.
    func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        unreadCount += bytes.count
        guard unreadCount <= Self.mostBytes + bytes.count,
            redisReaderFeed(reader, bytes.assumingMemoryBound(to: CChar.self).baseAddress, bytes.count) == REDIS_OK
        else { throw RedisError(.noRedis, "an answer is too long") }
    }

    /// Nil when no whole reply is left.
    func next() throws(RedisError) -> RedisValue? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else {
            throw RedisError(.noRedis, "what answers there does not speak as Redis does")
        }
        guard let object else {
            guard unreadCount <= Self.mostBytes else { throw RedisError(.noRedis, "an answer is too long") }
            return nil
        }
        // What stands behind it may be most of what came.
        unreadCount = reader.pointee.len - reader.pointee.pos
        return Unmanaged<RedisNode>.fromOpaque(object).takeRetainedValue().whole
    }
}

/// A value that is being read. A list holds its elements, and the parser the outermost value.
private final class RedisNode {
    private let value: RedisValue
    private var elements: [RedisNode] = []

    init(_ value: RedisValue) { self.value = value }

    func add(_ element: RedisNode) { elements.append(element) }

    var whole: RedisValue {
        if case .list = value { .list(elements.map(\.whole)) } else { value }
    }
}

private func node(_ value: RedisValue, in task: UnsafePointer<redisReadTask>?) -> UnsafeMutableRawPointer? {
    let node = RedisNode(value)
    guard let parent = task?.pointee.parent?.pointee.obj else { return Unmanaged.passRetained(node).toOpaque() }
    Unmanaged<RedisNode>.fromOpaque(parent).takeUnretainedValue().add(node)
    return Unmanaged.passUnretained(node).toOpaque()
}
