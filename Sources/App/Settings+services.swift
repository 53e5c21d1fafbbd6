import Accounts
import Encoding
import FoundationEssentials
import HTTP
import Videos

// What the rooms are told of the settings.

extension Settings {
    var videos: VideoSettings {
        var videos = VideoSettings()
        videos.maximumUploadBytes = Int64(maxUploadBytes)
        videos.uploadLifetime = uploadExpiry
        videos.uploadsPerUser = maxUploadsPerUser
        videos.bytesPerUser = maxBytesPerUser > 0 ? Int64(maxBytesPerUser) : nil
        videos.grantLifetime = grantLifetime
        return videos
    }

    var accounts: AccountsSettings {
        var accounts = AccountsSettings()
        accounts.maximumFailures = signInFailures
        accounts.maximumFailuresPerAccount = max(accounts.maximumFailuresPerAccount, 4 * signInFailures)
        accounts.lockTime = TimeInterval(signInLockTime.components.seconds)
        return accounts
    }

    var proxies: TrustedProxies { TrustedProxies(trustedProxies, includesUnixSockets: trustsSocket) }
}
