// What talks over a connection of the server once that is open: bytes come, and bytes go. No input and output of its
// own, so that tests need no network. One thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace braid::serve {

class ByteSession {
 public:
  virtual ~ByteSession() = default;
  /// What the client has sent. False: no more is read of it. What give() has is still written, and then it is closed.
  virtual bool take(std::string_view bytes) = 0;
  /// Appends what is to be written, until `out` has about `most` bytes. Nothing: there is nothing now.
  virtual void give(std::string& out, size_t most) = 0;
  /// Something may come up without bytes of the client: give() is called again in moments.
  virtual bool waits() const = 0;
  /// Nobody waits for anything: the connection may be closed when it stays so for long.
  virtual bool is_idle() const = 0;
};

}  // namespace braid::serve
