const limit = 3;

class Client extends Base {
  final String base;

  Client(this.base);

  String send(String path) {
    return base + path;
  }

  int get port => 1;
}

mixin Logs {
  void log() {}
}

enum State { open, closed }

extension Shout on String {
  String shout() => toUpperCase();
}

typedef Handler = void Function(String);

void main() {
  print(1);
}
