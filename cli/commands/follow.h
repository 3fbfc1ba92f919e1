// `braid read --follow`: what each commit of a running job changes in a product, until the command is stopped.
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
};

/// Prints changes, one a line as JSON. A job that does not answer, because it is started again, is waited for;
/// `address` is asked each time. Ok: the command was stopped. Fails with 8064 if there is nothing to follow, 8066 if it
/// ends.
Status follow_changes(const Following& following, const std::function<Result<serve::HttpAddress>()>& address);

}  // namespace braid::cli
