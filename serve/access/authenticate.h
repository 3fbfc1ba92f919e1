// Who sends a request, by what it shows: a token of braid.toml, a token of an issuer (JWT), or the certificate of the
// connection. Whatever is not understood is nobody. Immutable; any thread. Nothing fails.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mesh/identity/token.h"
#include "serve/access/consumer.h"
#include "serve/access/key_ring.h"
#include "serve/http/server.h"

namespace braid::serve {

/// A consumer of braid.toml.
struct KnownConsumer {
  Consumer consumer;
  std::string token_digest = {};  ///< sha256_hex of its token; empty: it has none
  std::string certificate = {};   ///< one of the names in its certificate; empty: it has none
  std::optional<Quotas> quotas = {};
};

struct AccessOptions {
  std::vector<KnownConsumer> consumers;
  std::optional<mesh::IdentityRules> issuer;  ///< whose tokens are taken
  std::vector<std::string> owners;            ///< roles that see all
  Quotas quotas;                              ///< of each consumer that has none of its own
};

class Authenticator {
 public:
  /// `ring`: of the issuer, if there is one. Clock and ring outlive this.
  Authenticator(AccessOptions options, KeyRing* ring, Clock& clock);

  enum class Outcome : uint8_t {
    known,    ///< `consumer` asks
    missing,  ///< the request shows nothing
    refused,  ///< what it shows is not taken
    awaited   ///< the keys for it may come in a moment
  };
  struct Answer {
    Outcome outcome = Outcome::missing;
    std::shared_ptr<const Consumer> consumer = {};
    Quotas quotas = {};
  };
  Answer authenticate(const HttpRequest& request) const;

 private:
  Answer by_token(const std::string& token) const;
  Answer by_certificate(const std::vector<std::string>& names) const;
  Answer known(Consumer consumer, const std::optional<Quotas>& quotas) const;

  AccessOptions options_;
  KeyRing* ring_;
  Clock& clock_;
};

}  // namespace braid::serve
