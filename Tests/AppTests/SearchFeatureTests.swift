import Accounts
import FoundationEssentials
import SQL
import Testing

@testable import App
@testable import TestSupport
@testable import Videos

@Suite("Searching over the wire", .serialized)
struct SearchFeatureTests {
    private func video(_ number: Int, _ title: String, of owner: UserID, at time: Date) -> Video {
        Video(
            id: VideoID(), owner: owner, title: title, description: "Кратко о жёлчном пузыре", category: "Cirugía",
            tags: ["vesícula", "<b>"], people: ["Lucía Herrera"], isPremium: false, isHidden: false,
            passwordHash: nil, checksum: "\(number)", byteCount: 1, fileName: "a.mp4", status: .ready, progress: 1,
            duration: Double(number), width: 640, height: 360, renditions: [], failure: nil, warnings: [],
            viewCount: number, createdAt: time, updatedAt: time, readyAt: time)
    }

    @Test(
        "Words, filters, pages, counts, suggestions and refusals are as the contract has them", arguments: Ring.allCases
    )
    func wholeWay(ring: Ring) async throws {
        let folder = try TemporaryFolder()
        let house = try await AppHouse(in: folder)
        try await house.serving { port in
            let client = try await FeatureTests.signedIn(ring, house, port)
            let owner = try await house.person(.admin)
            for number in 0..<3 {
                let video = video(number, "Colecistectomía \(number)", of: owner, at: house.database.now)
                try await house.database.write { try VideoStore().insert(video, in: $0) }
            }
            let path = "/api/v1/videos/search"
            let first = try await client.get(path + "?q=colecistectomia+vesicula&limit=2&category=Cirug%C3%ADa")
            #expect(first.status == 200 && first.text.contains(#""total":3"#))
            #expect(first.text.contains(#""field":"title","ranges":[{"length":15,"start":0}]"#))
            let cursor = try #require(first["next_cursor"])
            let second = try await client.get(
                path + "?q=colecistectomia+vesicula&limit=2&category=Cirug%C3%ADa&cursor=\(cursor)")
            #expect(second.status == 200 && second.text.contains(#""counts":null,"#))
            #expect(second.text.contains(#""next_cursor":null"#))
            for sort in SearchQuery.Sort.allCases {
                #expect(try await client.get(path + "?sort=\(sort.rawValue)&limit=1").status == 200)
            }
            #expect(try await client.get(path + "?q=%D0%BF%D1%83%D0%B7%D1%8B%D1%80%D1%8C").text.contains("пузыре"))
            #expect(try await client.get(path + "?sort=best").status == 422)
            let suggested = try await client.get("/api/v1/videos/suggestions?q=luc")
            #expect(suggested.status == 200 && suggested.text.contains(#""kind":"person","text":"Lucía Herrera""#))
            #expect(try await client.get("/api/v1/videos/suggestions").text == #"{"data":[]}"#)
            var stranger = client
            stranger.token = nil
            #expect(try await stranger.get(path).status == 401)
        }
    }
}
