#include <string>

namespace net {

constexpr int kTimeout = 5;

/// Sends requests.
template <typename T>
class Client : public Transport {
 public:
  explicit Client(std::string base) : base_(base) {}
  ~Client() = default;

  std::string send(const std::string& path) const {
    return base_ + path;
  }

  bool operator==(const Client& other) const { return true; }

  void close();

 private:
  std::string base_;
};

struct Options {
  int retries;
};

enum class State { Open, Closed };

using Handler = void (*)(int);

template <typename T>
void Client<T>::close() {
  base_.clear();
}

int* allocate(int size) { return new int[size]; }

}  // namespace net

int main() { return 0; }
