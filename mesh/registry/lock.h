// braid.lock: which interfaces a project uses of other domains, each by its hash, and whose keys sign for them. It is
// written by the command, for people to read and for version control to keep. Plain values; pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mesh/contract/interface.h"
#include "runtime/base/result.h"

namespace braid::mesh {

struct PinnedDomain {
  std::string key;       ///< public name of the key that has signed the publication
  int64_t sequence = 0;  ///< of that publication: none with a lower number is believed
  friend bool operator==(const PinnedDomain&, const PinnedDomain&) = default;
};

struct Pin {
  int64_t version = 1;
  int64_t minor = 0;
  std::string interface;  ///< content hash
  std::vector<InterfaceAddress> addresses;
  friend bool operator==(const Pin&, const Pin&) = default;
};

/// A type, function, aggregate or service.
struct DefinitionPin {
  int64_t minor = 0;
  std::string definition;  ///< content hash
  friend bool operator==(const DefinitionPin&, const DefinitionPin&) = default;
};

struct Lock {
  std::map<std::string, PinnedDomain> domains;
  /// By what `use` says: "payments.payment" (then the version is the newest when it was pinned), or
  /// "payments.payment@1".
  std::map<std::string, Pin> products;
  std::map<std::string, DefinitionPin> definitions = {};  ///< by name: "shop.order_status"
  friend bool operator==(const Lock&, const Lock&) = default;
};

/// With line breaks, keys in the order of their bytes, and a line end at its end.
std::string lock_text(const Lock& lock);
/// An error says what is wrong.
Result<Lock> read_lock(const std::string& text);

/// "payments.payment", or "payments.payment@1".
std::string use_name(const std::string& product, std::optional<int64_t> version);
/// The product and the version of such a name.
std::pair<std::string, std::optional<int64_t>> parse_use_name(const std::string& name);

}  // namespace braid::mesh
