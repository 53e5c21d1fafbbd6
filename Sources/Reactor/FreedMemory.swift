import CSystem

/// Memory that was used and is free again, which the allocator keeps for what is asked for next.
public enum FreedMemory {
    /// Gives what is whole pages of it back to the system (`malloc_trim(3)`): for moments after which much less is needed than before.
    public static func giveBack() { malloc_trim(0) }
}
