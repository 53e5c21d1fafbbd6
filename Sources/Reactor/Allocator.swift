import CSystem

/// What glibc's allocator keeps of the memory that this process has asked for.
public enum Allocator {
    /// One arena for each core, and two at least, in place of eight: many threads here mostly wait, and each arena keeps free pages of
    /// its own. To be called before there are other threads (`mallopt(3)`, `M_ARENA_MAX`).
    public static func keepAnArenaForEachCore() {
        mallopt(M_ARENA_MAX, Int32(clamping: max(2, EventLoopGroup.coreCount)))
    }

    /// Gives free memory that is whole pages back to the system (`malloc_trim(3)`): for moments after which much less is needed than before.
    public static func giveBack() { malloc_trim(0) }
}
