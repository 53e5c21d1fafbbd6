import Storage

// Where the bytes of videos and uploads are. An id always makes a key, so nil never happens.

extension VideoID {
    /// That it came from.
    var upload: UploadID { UploadID(high: high, low: low) }
    /// The one that it began with.
    var firstVersion: VersionID { VersionID(high: high, low: low) }
}

extension VersionID {
    var folder: BlobKey? { BlobKey("videos/\(self)") }
    var original: BlobKey? { BlobKey("videos/\(self)/original") }
    /// That it came from.
    var upload: UploadID { UploadID(high: high, low: low) }
}

extension UploadID {
    /// The bytes on their way.
    var blob: BlobKey? { BlobKey("uploads/\(self)") }
    /// Of the video that the upload becomes, unless it replaces the file of another one.
    var video: VideoID { VideoID(high: high, low: low) }
    var version: VersionID { VersionID(high: high, low: low) }
}
