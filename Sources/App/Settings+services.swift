import Accounts
import Bus
import Encoding
import FoundationEssentials
import HTTP
import SQL
import Videos

// What the rooms are told of the settings.

extension Settings {
    var videos: VideoSettings {
        var videos = VideoSettings()
        videos.site = publicAddress
        videos.maximumUploadBytes = Int64(maxUploadBytes)
        videos.uploadLifetime = uploadExpiry
        videos.trashLifetime = trashExpiry
        videos.uploadsPerUser = maxUploadsPerUser
        videos.fetchNetworks = fetchNetworks
        videos.bytesPerUser = maxBytesPerUser > 0 ? Int64(maxBytesPerUser) : nil
        videos.grantLifetime = grantLifetime
        videos.unlockLifetime = unlockLifetime
        return videos
    }

    var accounts: AccountsSettings {
        var accounts = AccountsSettings()
        accounts.maximumFailures = signInFailures
        accounts.maximumFailuresPerAccount = max(accounts.maximumFailuresPerAccount, 4 * signInFailures)
        accounts.lockTime = TimeInterval(signInLockTime.components.seconds)
        accounts.tokenAlgorithm = tokenAlgorithm
        accounts.tokenKeyAge = TimeInterval(tokenKeyAge.components.seconds)
        accounts.passwordMaximumAge = passwordMaximumAge.map { TimeInterval($0.components.seconds) }
        accounts.passwordHistory = passwordHistory
        accounts.otpRoles = otpRoles
        accounts.sessionLifetime = TimeInterval(sessionIdleTime.components.seconds)
        accounts.longestSession = TimeInterval(sessionTime.components.seconds)
        accounts.registration = registration
        accounts.verifiesEmail = verifiesEmail
        accounts.allowsSelfRemoval = allowsSelfRemoval
        accounts.publicAddress = publicAddress
        return accounts
    }

    var proxyUsers: ProxyUserRules? {
        trustedUserHeader.map {
            ProxyUserRules(field: FieldName($0), proxies: proxies, registers: trustedUserRegisters)
        }
    }

    var database: DatabaseLocation {
        databaseAddress.map { .postgreSQL($0, connections: databaseConnections) } ?? .file("\(dataFolder)/palco.sqlite")
    }

    /// - Throws: `KafkaError.option` where its file cannot be read or says what it should not.
    var kafka: KafkaSettings? {
        get throws {
            guard let kafkaBrokers else { return nil }
            var kafka = KafkaSettings(brokers: kafkaBrokers, topic: kafkaTopic)
            if let path = kafkaOptions {
                guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                    throw KafkaError.option("\(path) cannot be read")
                }
                kafka.options = try KafkaSettings.options(in: text)
            }
            return kafka
        }
    }

    var proxies: TrustedProxies { TrustedProxies(trustedProxies, includesUnixSockets: trustsSocket) }
}
