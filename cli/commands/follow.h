// What each commit of a running job changes in a product, for `braid read --follow` and `braid copy`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "serve/http/address.h"

namespace braid::cli {

struct FollowFlags {
  bool on = false;
  std::string from, since;
};

struct Following {
  std::string product;
  std::vector<std::string> key, where;  ///< of `where` each FIELD=VALUE
  std::string fields;
  std::string authorization;  ///< header; empty: none
  FollowFlags flags;
  uint64_t at_once = 1000;       ///< changes of one answer at most
  bool begins_again = false;     ///< with a snapshot, where changes are not kept any more
  bool until_caught_up = false;  ///< ends when there is nothing new
};

/// Takes changes, one a line as JSON; false: it has enough.
using TakeChanges = std::function<Result<bool>(const std::string& lines)>;

/// A job that does not answer, because it is started again, is waited for; `address` is asked each time. The place
/// behind what was taken: the command was stopped, or has enough. Fails with 8064 if there is nothing to follow, 8066
/// if it ends, and as `take` does.
Result<std::string> follow_changes(const Following& following,
                                   const std::function<Result<serve::HttpAddress>()>& address, const TakeChanges& take);

}  // namespace braid::cli
