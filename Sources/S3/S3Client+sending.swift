import HTTP
import HTTPClient
import Reactor

extension S3Client {
    /// Sends it until it is answered as it should be, and gives the answer to `take`, which may therefore run several times.
    func send<Value>(_ call: S3Call, _ take: (ClientResponse) async throws -> Value) async throws -> Value {
        try await retrying { _ in try await sendOnce(call, take) }
    }

    /// Sends until the answer's XML is there; one that cannot be read is an error.
    func understood<Value>(
        _ call: S3Call, _ name: String, _ read: (S3Answer) throws -> Value
    ) async throws -> Value {
        try await retrying { _ in try await once(call, name, read) }
    }

    func once<Value>(_ call: S3Call, _ name: String, _ read: (S3Answer) throws -> Value) async throws -> Value {
        try await sendOnce(call) { response in
            let bytes = try await response.body.collect()
            do { return try read(S3Answer(bytes, name)) } catch let failure as S3Answer.Failure {
                // A server may begin its answer before it knows the end.
                throw S3Error(response.status.code, failure, response.headers, call.task)
            } catch {
                throw S3Error(.invalidAnswer, call.task, "the server's answer is no \(name)")
            }
        }
    }

    /// Tries again what may go better another time.
    func retrying<Value>(_ work: (inout RetrySchedule) async throws -> Value) async throws -> Value {
        var schedule = RetrySchedule(configuration.retries)
        while true {
            do { return try await work(&schedule) } catch var error as S3Error where error.isTransient {
                guard let pause = schedule.next(at: .now) else {
                    error.isTransient = false
                    throw error
                }
                if let waits = configuration.pause {
                    try await waits(pause)
                } else {
                    try await (EventLoop.current ?? loops.next()).sleep(for: pause)
                }
            }
        }
    }

    func sendOnce<Value>(_ call: S3Call, _ take: (ClientResponse) async throws -> Value) async throws -> Value {
        let used = credentials
        do {
            return try await http.withResponse(to: request(for: call, by: used)) { response in
                guard (200..<300).contains(response.status.code) else { throw await refusal(of: call, response, used) }
                return try await take(response)
            }
        } catch let error as HTTPClientError {
            throw S3Error(error, call.task)
        }
    }

    private func refusal(of call: S3Call, _ response: ClientResponse, _ used: S3Credentials) async -> S3Error {
        let failure = await Self.failure(in: response)
        var error = S3Error(response.status.code, failure, response.headers, call.task)
        // The answer to HEAD has no body that could say which refusal it is.
        let isUnexplained = failure == nil && (error.status == 400 || error.status == 403)
        if error.code == .wrongClock || isUnexplained, clock.learn(response.headers[.date]) { error.isTransient = true }
        if error.code == .wrongCredentials || isUnexplained, await renewCredentials(insteadOf: used) {
            error.isTransient = true
        }
        return error
    }

    /// Of the body only so much is looked at as can hold an error.
    private static func failure(in response: ClientResponse) async -> S3Answer.Failure? {
        var bytes: [UInt8] = []
        while let piece = try? await response.body.next() {
            bytes += piece
            if bytes.count > 64 << 10 { return nil }
        }
        return S3Answer.failure(bytes)
    }
}
