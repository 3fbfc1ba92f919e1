// HTTP as a seam for those who ask and wait: a request, and its answer. `runtime/connect/http` makes a real one with
// libcurl; tests have one that answers itself. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace braid {

struct WebRequest {
  enum class Method { get, put, post, remove } method = Method::get;
  std::string url;
  std::vector<std::string> headers = {};  ///< "Name: value"
  std::string body = {};                  ///< put, post
};

struct WebAnswer {
  int status = 0;
  std::string body = {};
  // Headers as the server has written them; empty: it has not.
  std::string etag = {}, date = {}, last_modified = {};
  std::optional<int64_t> retry_after_us = {};
};

class Web {
 public:
  virtual ~Web() = default;
  /// Waits for the answer, for as long as the Web was made for. An error: there is none; the server may have done what
  /// was asked. Its message does not have the URL. Redirects are not followed: a request carries a secret.
  virtual Result<WebAnswer> ask(const WebRequest& request) = 0;
};

struct WebOptions {
  std::string ca_file = {};              ///< PEM that judges servers of `https://`; empty: the machine's list
  int64_t timeout_us = 30'000'000;       ///< of a request
  size_t most_bytes = size_t{64} << 20;  ///< of an answer
};

}  // namespace braid
