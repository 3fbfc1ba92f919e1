// A registry of products for others: the paths of mesh/registry/http_store.h, over the store where it lies.
//
// Whoever has the token may read, and write what the guard lets in; whoever has the token for reading may read. A turn
// ends by itself when nothing was asked in it for twenty seconds. On the server's thread, which has the store alone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "mesh/access/write_guard.h"

namespace braid::cli {

struct RegistryTokens {
  std::string write;      ///< empty: everybody may write what the guard lets in
  std::string read = {};  ///< of those who may only read; empty: there are none
};

/// Of a request of HTTP what matters here. Headers that are not there are empty.
struct RegistryRequest {
  std::string method = "GET";
  std::string path;
  std::string query = {};
  std::string authorization = {}, if_match = {}, if_none_match = {};
  std::string turn = {};  ///< Braid-Turn
  std::string body = {};
};

struct RegistryAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::string etag = {};  ///< empty: none
};

/// Of an object or a record; a longer one is refused.
inline constexpr uint64_t kMostObjectBytes = uint64_t{16} << 20;

class RegistryEndpoint {
 public:
  /// The clock outlives it. `tell` hears why the store could not be used, which answers do not say.
  RegistryEndpoint(std::unique_ptr<mesh::ObjectStore> store, RegistryTokens tokens, Clock& clock,
                   std::function<void(const Error&)> tell = {});
  RegistryAnswer answer(const RegistryRequest& request);
  /// Why nothing of that request will be done, by its headers alone: its body need not be read. Nothing: answer() says.
  std::optional<RegistryAnswer> refusal(const RegistryRequest& request) const;

 private:
  struct Rights {
    bool may_read = false, may_write = false, named = false;  ///< `named`: there was a token
  };
  Rights rights_of(const RegistryRequest& request) const;
  RegistryAnswer failed(const Error& error);
  RegistryAnswer get(const std::string& name);
  RegistryAnswer list(const std::string& folder);
  RegistryAnswer put(const RegistryRequest& request, const std::string& name);
  RegistryAnswer put_object(const std::string& name, const std::string& content);
  RegistryAnswer put_head(const RegistryRequest& request, const std::string& name);
  RegistryAnswer take_turn();
  void end_old_turn();

  std::unique_ptr<mesh::ObjectStore> store_;
  RegistryTokens tokens_;
  Clock& clock_;
  std::function<void(const Error&)> tell_;
  mesh::WriteGuard guard_;
  std::unique_ptr<mesh::ObjectStore::Turn> turn_;  ///< of the store, for the one who has it
  std::string turn_id_;
  int64_t turn_used_us_ = 0;  ///< steady
  int64_t turns_ = 0;
};

}  // namespace braid::cli
