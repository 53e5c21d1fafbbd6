/// Buckets by key, the fullest first: a binary heap whose entries know where they stand in it.
struct BucketTable<Key: Hashable & Sendable>: Sendable {
    private struct Place: Sendable {
        var key: Key
        var bucket: TokenBucket
        /// Tokens that may be given back.
        var pending = 0
        /// Where it stands in `heap`.
        var rank: Int
    }

    private var places: [Place] = []
    private var numbers: [Key: Int] = [:]
    /// Numbers of places, the one that is full first in front.
    private var heap: [Int] = []

    var count: Int { places.count }

    /// The place of a key; one that has none gets one.
    mutating func place(of key: Key, at now: MonotonicTime, capacity: Int) -> Int {
        // Two for each that comes, so that what is as good as none does not gather.
        dropFull(at: now)
        dropFull(at: now)
        if let known = numbers[key] { return known }
        guard places.count >= capacity, let fullest = heap.first else {
            let number = places.count
            places.append(Place(key: key, bucket: TokenBucket(now: now), rank: heap.count))
            heap.append(number)
            numbers[key] = number
            moveUp(number)
            return number
        }
        numbers[places[fullest].key] = nil
        numbers[key] = fullest
        places[fullest].key = key
        places[fullest].pending = 0
        return fullest
    }

    /// - Returns: nil, or how long to wait for a token.
    mutating func take(_ number: Int, by rule: TokenBucket.Rule, at now: MonotonicTime) -> Duration? {
        if let wait = places[number].bucket.take(by: rule, at: now) {
            // What is being looked at may be given back at any moment.
            var later = places[number].bucket
            later.giveBack(places[number].pending, by: rule)
            return later.take(by: rule, at: now) == nil ? min(wait, .seconds(1)) : wait
        }
        moveDown(number)
        return nil
    }

    /// The token that was taken last may be given back.
    mutating func begin(_ number: Int) { places[number].pending += 1 }

    /// An attempt is over; of one that lost its place nothing is given back.
    mutating func end(_ key: Key, givesBack: Bool, by rule: TokenBucket.Rule, at now: MonotonicTime) {
        guard let number = numbers[key] else { return }
        places[number].pending = max(0, places[number].pending - 1)
        guard givesBack else { return }
        places[number].bucket.giveBack(by: rule)
        moveUp(number)
        if places[number].pending == 0, places[number].bucket.isFull(at: now) { remove(number) }
    }

    /// Drops the fullest bucket, if it is full.
    private mutating func dropFull(at now: MonotonicTime) {
        guard let first = heap.first, places[first].bucket.isFull(at: now), places[first].pending == 0 else { return }
        remove(first)
    }

    private mutating func remove(_ number: Int) {
        let rank = places[number].rank
        numbers[places[number].key] = nil
        swapRanks(rank, heap.count - 1)
        heap.removeLast()
        if rank < heap.count {
            moveUp(heap[rank])
            moveDown(heap[rank])
        }
        // The last place moves to the one that is free now.
        let last = places.removeLast()
        guard number < places.count else { return }
        places[number] = last
        numbers[last.key] = number
        heap[last.rank] = number
    }

    private func comesBefore(_ left: Int, _ right: Int) -> Bool {
        places[heap[left]].bucket.fullAt < places[heap[right]].bucket.fullAt
    }

    private mutating func swapRanks(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        places[heap[left]].rank = left
        places[heap[right]].rank = right
    }

    private mutating func moveUp(_ number: Int) {
        var rank = places[number].rank
        while rank > 0, comesBefore(rank, (rank - 1) / 2) {
            swapRanks(rank, (rank - 1) / 2)
            rank = (rank - 1) / 2
        }
    }

    private mutating func moveDown(_ number: Int) {
        var rank = places[number].rank
        while true {
            var first = rank
            for child in [2 * rank + 1, 2 * rank + 2] where child < heap.count && comesBefore(child, first) {
                first = child
            }
            if first == rank { return }
            swapRanks(rank, first)
            rank = first
        }
    }
}
