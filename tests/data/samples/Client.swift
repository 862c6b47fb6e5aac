import Foundation

let defaultTimeout = 5

/// Sends requests.
public class Client: Transport {
    let base: String

    init(base: String) {
        self.base = base
    }

    public func send(_ path: String) -> String {
        return base + path
    }
}

protocol Transport {
    func send(_ path: String) -> String
}

struct Point {
    var x: Int
}

enum State {
    case open
    case closed
}

extension Client {
    func close() {}
}

typealias Handler = (String) -> Void

func main() {
    print(1)
}
