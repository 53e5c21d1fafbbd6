extension VideoCatalogue {
    /// No byte of a stranger's file is taken in where it could not be read safely.
    func requireSandbox() throws(VideoError) {
        guard settings.acceptsUploads else { throw .sandboxUnavailable }
    }
}
