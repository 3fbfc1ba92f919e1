// Asks a server until it answers: what says of itself that it may pass (no connection, no time left, 408, 429, 5xx) is
// asked again behind a pause that doubles, or that the server has named. One thread.
#pragma once

#include <functional>

#include "runtime/base/clock.h"
#include "runtime/base/web.h"

namespace braid::mesh {

class PatientWeb {
 public:
  /// `attempts`: at least 1. The clock outlives it.
  PatientWeb(std::unique_ptr<Web> web, Clock& clock, int attempts)
      : web_(std::move(web)), clock_(clock), attempts_(attempts) {}

  struct Answer : WebAnswer {
    bool in_doubt = false;  ///< an attempt before may have done what was asked
  };
  /// `make` makes the request of each attempt: a signature has its time.
  Result<Answer> ask(const std::function<WebRequest()>& make);

 private:
  std::unique_ptr<Web> web_;
  Clock& clock_;
  int attempts_;
};

/// Of a header such as `Date`: "Fri, 24 May 2013 00:00:00 GMT"; nothing if it is written in another way.
std::optional<int64_t> parse_http_date(std::string_view text);

}  // namespace braid::mesh
