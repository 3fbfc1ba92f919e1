// Where a registry lies, as a seam: immutable objects under names, and small heads that are swapped atomically. The
// same on a directory, on S3 (If-None-Match, If-Match) and behind HTTP.
//
// Names are paths of letters, digits, `.`, `_` and `-`, with `/` between them. All that a call has written is durable
// when it returns. Fails with ErrorKind::input for reading, ErrorKind::output for writing. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace braid::mesh {

/// A head as it was read. `etag` changes with each swap.
struct StoredHead {
  std::string content;
  std::string etag;
};

class ObjectStore {
 public:
  /// Until it is destroyed, or its process ends, nobody else has one.
  class Turn {
   public:
    virtual ~Turn() = default;
  };

  virtual ~ObjectStore() = default;
  /// How people call it: a path, an address.
  virtual std::string place() const = 0;
  /// Whole; nothing if there is no such object.
  virtual Result<std::optional<std::string>> read(const std::string& name) = 0;
  /// False if it is there already. Whoever writes a name writes the same content, so that the first one may stay.
  virtual Result<bool> put_if_absent(const std::string& name, const std::string& content) = 0;
  virtual Result<std::optional<StoredHead>> read_head(const std::string& name) = 0;
  /// False, and nothing is changed, if the head is no longer the one with that etag (nothing: there was none), or
  /// another swap is under way. Where the answer of a server was lost, also if the head was swapped, and somebody else
  /// has swapped it since: heads name chains, so a writer looks whether what it has written is in the chain.
  virtual Result<bool> swap_head(const std::string& name, const std::optional<std::string>& etag,
                                 const std::string& content) = 0;
  /// Names of all objects and heads below a folder, sorted; without what killed writers left.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  /// What killed writers left below a folder, sorted.
  virtual Result<std::vector<std::string>> list_leftovers(const std::string& folder) = 0;
  /// Removing a missing object succeeds.
  virtual Status remove(const std::string& name) = 0;
  /// To write objects and name them, or to remove objects that nothing names. Null: it is somebody else's turn.
  virtual Result<std::unique_ptr<Turn>> take_turn() = 0;
  /// Whether an object that nothing names may be removed. False where turns do not keep writers away, and one may be
  /// about to name it.
  virtual Result<bool> is_settled(const std::string& name) {
    (void)name;
    return true;
  }
};

}  // namespace braid::mesh
