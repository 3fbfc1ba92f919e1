// Stands before all ways in: finds out who asks, and whether it may ask now. What a consumer sees of a product is for
// the ways in, by the rules (reader_rules.h).
//
// 401: nobody is known by what the request shows; it says no more. 429: too much at once, with `Retry-After`. The
// header `Braid-Purpose` states what the rows are read for. Any thread.
#pragma once

#include "serve/access/authenticate.h"
#include "serve/access/quota_book.h"
#include "serve/http/server.h"

namespace braid::serve {

class Gate {
 public:
  static constexpr int64_t kKeysAwaitedUs = 2'000'000;

  /// `ring`: of the issuer, if there is one. Clock and ring outlive this.
  Gate(AccessOptions options, KeyRing* ring, Clock& clock);

  /// The answer of the handler, which gets the request with its consumer; or why there is none. The handler outlives
  /// answers that come later.
  HttpResponse answer(const HttpRequest& request, const HttpHandler& handler);

 private:
  HttpResponse admit(const HttpRequest& request, const Authenticator::Answer& who, const HttpHandler& handler);

  Clock& clock_;
  Authenticator authenticator_;
  QuotaBook quotas_;
};

}  // namespace braid::serve
