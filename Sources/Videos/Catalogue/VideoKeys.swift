import Storage

// Where the bytes of videos and uploads are. An id always makes a key, so nil never happens.

extension VideoID {
    var folder: BlobKey? { BlobKey("videos/\(self)") }
    var original: BlobKey? { BlobKey("videos/\(self)/original") }
    /// That it came from.
    var upload: UploadID { UploadID(high: high, low: low) }
}

extension UploadID {
    /// The bytes on their way.
    var blob: BlobKey? { BlobKey("uploads/\(self)") }
    /// Of the video that the upload becomes.
    var video: VideoID { VideoID(high: high, low: low) }
}
