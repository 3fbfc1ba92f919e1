// Where a registry is, and how it is asked. Secrets are texts here: whoever read them from their source passes them on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace braid::registry {

struct RegistrySettings {
  /// Base URLs of one registry, tried in turn: "http://registry:8081", "https://registry/apis/ccompat/v7". A slash at
  /// the end makes no difference.
  std::vector<std::string> urls;
  /// At most one of the two: basic authentication, or a bearer token.
  std::string user, password;
  std::string token;

  int64_t request_timeout_us = 5'000'000;  ///< of one try
  int64_t total_timeout_us = 30'000'000;   ///< of a request with its repetitions, and of a schema with its references
  int64_t first_pause_us = 100'000;      ///< after all URLs have failed; doubled each time, and drawn from its half up
  int64_t longest_pause_us = 5'000'000;  ///< also for what a server asks for by Retry-After
  int64_t subject_lifetime_us = 10'000'000;  ///< versions of a subject are kept that long
  int64_t negative_lifetime_us = 5'000'000;  ///< `unknown` and `refused` are kept that long
  size_t longest_answer = size_t{4} << 20;
  size_t most_references = 256;           ///< of one schema, directly or not
  size_t cache_bytes = size_t{32} << 20;  ///< schemas by id and GUID; those used last are kept
  size_t most_negative = 4096;            ///< unknown ids that are remembered
  size_t most_fetches = 16;               ///< that `find` has under way at a time
};

}  // namespace braid::registry
