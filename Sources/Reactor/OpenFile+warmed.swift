extension OpenFile {
    /// Reads `range` on `loop`. What is not in the page cache is brought there on `warming` first, so that a slow disk
    /// never stops the loop.
    ///
    /// - Parameter range: short, because the loop does nothing else while it is copied.
    /// - Throws: `SystemError`; `OpenFileError.shortened` when the file ends first.
    public func read(_ range: Range<Int>, on loop: EventLoop, warming: BlockingPool?) async throws -> [UInt8] {
        if let warming, !isCached(range, now: loop.now) { try await warming.run { self.readAhead(range) } }
        return try read(range)
    }
}
