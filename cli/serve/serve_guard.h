// Who reads the products of a running job: the gate before all ways in, the rules behind it, and what was read. Keys of
// the issuer and grants are read again on a thread of its own, which no request waits for.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "serve/access/gate.h"
#include "serve/access/reader_rules.h"
#include "serve/access/use_book.h"

namespace braid::cli {

struct GuardOptions {
  serve::AccessOptions access;
  std::unique_ptr<serve::ReaderRules> rules;
  std::function<Result<std::string>()> fetch_keys = {};  ///< the issuer's document; empty: there is no issuer
  std::function<void()> refresh_rules = {};              ///< every kRulesEveryUs, on another thread
  std::optional<serve::TlsOptions> tls = {};
};

class ServeGuard {
 public:
  static constexpr int64_t kRulesEveryUs = 10'000'000;

  /// Fetches keys and grants once. The clock outlives this.
  ServeGuard(GuardOptions options, Clock& clock);
  ~ServeGuard();

  /// As serve::Gate has it; any thread.
  serve::HttpResponse answer(const serve::HttpRequest& request, const serve::HttpHandler& handler) {
    return gate_.answer(request, handler);
  }
  /// What consumers see, counted; any thread.
  serve::ReaderRules& rules() { return counted_; }
  std::vector<serve::ConsumerUse> take_uses() { return uses_.take(); }
  const std::optional<serve::TlsOptions>& tls() const { return options_.tls; }
  /// Why the issuer's keys cannot be had now; empty: they can.
  std::string problem() const { return ring_ ? ring_->problem() : ""; }

 private:
  class Counted : public serve::ReaderRules {
   public:
    Counted(serve::ReaderRules& rules, serve::UseBook& uses) : rules_(rules), uses_(uses) {}
    std::optional<serve::Sight> sight(size_t view, const serve::Consumer& consumer) override;

   private:
    serve::ReaderRules& rules_;
    serve::UseBook& uses_;
  };
  void refresh();

  GuardOptions options_;
  Clock& clock_;
  std::unique_ptr<serve::KeyRing> ring_;  ///< null: there is no issuer
  serve::Gate gate_;
  serve::UseBook uses_;
  Counted counted_;
  std::atomic<bool> stops_ = false;
  std::thread thread_;  ///< the last: it uses the others
};

}  // namespace braid::cli
