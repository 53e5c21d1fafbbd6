import Accounts
import Encoding
import Videos

// What the rooms are told of the settings.

extension Settings {
    var videos: VideoSettings {
        var videos = VideoSettings()
        videos.maximumUploadBytes = Int64(maxUploadBytes)
        videos.uploadLifetime = uploadExpiry
        videos.uploadsPerUser = maxUploadsPerUser
        videos.grantLifetime = grantLifetime
        return videos
    }

    var accounts: AccountsSettings {
        var accounts = AccountsSettings()
        accounts.cookiesAreSecure = secureCookies
        return accounts
    }
}
