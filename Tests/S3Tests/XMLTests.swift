import BaseEncoding
import Testing

@testable import S3

@Suite("XML of answers")
struct XMLTests {
    private func read(_ text: String) throws -> XMLElement { try XMLReader.read(Array(text.utf8)) }

    @Test("Elements, text, references, CDATA, comments and namespaces")
    func reads() throws {
        let root = try read(
            """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <!-- one > two --><s:List xmlns:s='http://a/"b"' x = "1">
              <Key>a&lt;b&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F3AC;</Key><Key/><Key ></Key>
              <Text>one<!-- no -->two<![CDATA[<three>&amp;]]></Text>
            </s:List>
            <!-- end -->

            """)
        #expect(root.name == "List" && root.children.map(\.name) == ["Key", "Key", "Key", "Text"])
        #expect(root["Key"]?.text == "a<b>&\"'AB\u{1F3AC}")
        #expect(root.all("Key").map(\.text).dropFirst() == ["", ""])
        #expect(root["Text"]?.text == "onetwo<three>&amp;" && root["None"] == nil)
    }

    @Test(
        "What is no XML, or too much of it",
        arguments: [
            ("", XMLError.incomplete), ("  ", .incomplete), ("<a>", .incomplete), ("<a><b></b>", .incomplete),
            ("<a", .incomplete), ("<a b", .incomplete), ("<a b=\"", .incomplete), ("<!-- ", .incomplete),
            ("<a><![CDATA[x", .incomplete), ("<a>&amp", .malformed(at: 4)), ("<a></a", .incomplete),
            ("text", .malformed(at: 0)), ("<a/>text", .malformed(at: 4)), ("<a/><b/>", .malformed(at: 5)),
            ("<a></b>", .incomplete), ("<a></b> ", .malformed(at: 7)), ("<a b/> ", .malformed(at: 4)),
            ("<a b=c/>", .malformed(at: 5)), ("<a b='1'c='2'/> ", .malformed(at: 8)),
            ("<a>&none;</a>", .malformed(at: 9)), ("<a>& ; </a>", .malformed(at: 6)),
            ("<a>&#0;</a>", .malformed(at: 7)), ("<a>b\0</a> ", .malformed(at: 9)),
            ("<a>&#xD800;</a>", .malformed(at: 11)),
            ("<a>&#+65;</a>", .malformed(at: 9)), ("<a>&#x110000;</a>", .malformed(at: 13)),
            ("<![CDATA[x]]><a/>", .malformed(at: 13)), ("<:/> ", .malformed(at: 2)), ("< a/>", .malformed(at: 1)),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", .documentType),
            (String(repeating: "<a>", count: 17), .tooDeep),
            ("<a>" + String(repeating: "<b/>", count: XMLReader.mostElements) + "</a>", .tooLarge),
        ])
    func refuses(text: String, error: XMLError) {
        #expect(throws: error) { try read(text) }
    }

    @Test("Bytes that are no UTF-8, and more bytes than are taken")
    func bytes() {
        #expect(throws: XMLError.malformed(at: 8)) {
            try XMLReader.read(Array("<a>".utf8) + [0xFF] + Array("</a> ".utf8))
        }
        #expect(throws: XMLError.tooLarge) {
            try XMLReader.read([UInt8](repeating: 0x20, count: XMLReader.mostBytes + 1))
        }
    }

    @Test("Cut anywhere, it is not read, and nothing else happens")
    func cut() throws {
        let text = Array(
            "<?xml version='1.0'?><L a='b'><!-- c --><K>a&lt;&#x41;</K><T/><![CDATA[d]]></L>".utf8)
        _ = try XMLReader.read(text)
        for count in 0..<text.count {
            #expect(throws: XMLError.self, "\(count)") { try XMLReader.read(Array(text[..<count])) }
        }
    }

    @Test("Text that is sent comes back as it was")
    func escapes() throws {
        let text = "a<b>&\"'\u{1}\n ü"
        #expect(try read("<a>\(XMLText.escape(text))</a>").text == text)
    }
}

@Suite("What answers say")
struct AnswerTests {
    private func answer(_ text: String, _ name: String) throws -> S3Answer { try S3Answer(Array(text.utf8), name) }

    @Test("A page of objects, and where the next one begins")
    func objects() throws {
        let text = """
            <ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>n/1=</NextContinuationToken>
            <Contents><Key>a&amp;b</Key><ETag>&quot;e&quot;</ETag><Size>12</Size></Contents>
            <Contents><Key>c</Key><ETag>f</ETag><Size>0</Size></Contents></ListBucketResult>
            """
        let page = try answer(text, "ListBucketResult").objects()
        #expect(
            page.items == [
                S3Object(key: "a&b", byteCount: 12, etag: "\"e\""), S3Object(key: "c", byteCount: 0, etag: "\"f\""),
            ])
        #expect(page.next == S3Cursor(query: ["continuation-token": "n/1="]))
        #expect(throws: S3Answer.Malformed()) {
            try answer(text.replacing("n/1=", with: ""), "ListBucketResult").objects()
        }
        for (word, other) in [
            ("<Size>12", "<Size>-1"), ("<Size>12", "<Size>x"), ("<Key>c</Key>", ""), ("List", "Other"),
        ] {
            let broken = text.replacing(word, with: other)
            #expect(throws: S3Answer.Malformed(), "\(other)") { try answer(broken, "ListBucketResult").objects() }
        }
    }

    @Test("Parts and uploads")
    func parts() throws {
        let parts = try answer(
            """
            <ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>
            <Part><PartNumber>1</PartNumber><ETag>a</ETag><Size>5</Size><LastModified>t</LastModified></Part>
            <Part><PartNumber>2</PartNumber><ETag>"b"</ETag><Size>6</Size></Part></ListPartsResult>
            """, "ListPartsResult"
        ).parts()
        #expect(parts.next == 2)
        #expect(
            S3Answer.latest(parts.items) == [
                S3Part(number: 1, etag: "\"a\"", byteCount: 5),
                S3Part(number: 2, etag: "\"b\"", byteCount: 6),
            ])
        let uploads = try answer(
            """
            <ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>
            <NextUploadIdMarker>i</NextUploadIdMarker><Upload><Key>k</Key><UploadId>i</UploadId></Upload>
            <Upload><Key>l</Key><UploadId>j</UploadId><Initiated>1970-01-02T00:00:00.000Z</Initiated></Upload>
            </ListMultipartUploadsResult>
            """, "ListMultipartUploadsResult"
        ).uploads()
        #expect(
            uploads.items == [
                S3BegunUpload(upload: S3Upload(key: "k", id: "i"), begun: nil),
                S3BegunUpload(upload: S3Upload(key: "l", id: "j"), begun: 86_400),
            ])
        #expect(uploads.next == S3Cursor(query: ["key-marker": "k", "upload-id-marker": "i"]))
    }

    @Test("Of parts with one number the latest counts, and none where that cannot be told")
    func latestParts() {
        let listed = { (number: Int, etag: String, modified: String) in
            S3Answer.ListedPart(part: S3Part(number: number, etag: etag, byteCount: 1), modified: modified)
        }
        let parts = S3Answer.latest([
            listed(3, "c", "t1"), listed(1, "old", "t1"), listed(1, "new", "t2"), listed(2, "b", "t1"),
            listed(2, "b", "t1"), listed(4, "x", "t3"), listed(4, "y", "t3"), listed(4, "z", "t1"),
        ])
        #expect(parts.map(\.number) == [1, 2, 3] && parts.map(\.etag) == ["new", "b", "c"])
    }

    @Test("An error in place of a result, in words that cannot break a line of the log")
    func failure() throws {
        let text = """
            <Error><Code>Slow-Down 1</Code><Message>a\u{1B}[2J\nb\(String(repeating: "c", count: 900))</Message>
            <RequestId>r1</RequestId></Error>
            """
        let failure = #expect(throws: S3Answer.Failure.self) { try answer(text, "CopyObjectResult") }
        #expect(failure?.code == "SlowDown1" && failure?.requestID == "r1")
        #expect(failure?.message.hasPrefix("a [2J b") == true && failure?.message.count == 200)
        #expect(S3Answer.failure(Array("<html></html>".utf8)) == nil)
    }

    @Test("The checksum of an object of parts is not taken for that of the whole")
    func checksums() {
        let whole = Base64.standard.encode([UInt8](repeating: 1, count: 32))
        #expect(S3Checksum.read(whole) == [UInt8](repeating: 1, count: 32))
        #expect(S3Checksum.read(whole + "-2") == nil && S3Checksum.read("AAAA") == nil && S3Checksum.read("") == nil)
    }
}
