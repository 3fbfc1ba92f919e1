// Tells an Alertmanager, or what takes the same requests (API v2: `POST /api/v2/alerts` of a JSON array of alerts with
// `labels`, `annotations`, `startsAt`, `endsAt`).
//
// A receiver forgets an alert that is not told again, so those that go on are sent again every kAgainUs and say that
// they end kLastsUs later: when the job dies they end by themselves. One that is over is sent until it is taken. Only
// how an alert stands now is sent; what came and went while nobody answered is not.
//
// One request is on its way at a time, with at most kMostAtOnce alerts. Whatever is wrong with it, the next attempt is
// made behind a pause (posting.h). Alerts that wait are as many as there are promises.
#pragma once

#include <map>
#include <memory>

#include "runtime/connect/http/posting.h"
#include "runtime/promise/alert_sender.h"

namespace braid {

class Alertmanager final : public AlertSender {
 public:
  static constexpr int64_t kAgainUs = 60'000'000, kLastsUs = 4 * kAgainUs;
  static constexpr size_t kMostAtOnce = 64;

  /// `url`: with a path, where to post; without one, of an Alertmanager. The clock outlives it.
  Alertmanager(std::string url, std::unique_ptr<registry::Http> http, Clock& clock);

  void set(Alert alert) override;
  void work(int64_t at_most_us) override;
  bool at_rest() const override;
  std::string problem() const override { return posting_.problem(); }

 private:
  struct Entry {
    Alert alert;
    uint64_t version = 0;  ///< of what is known
    uint64_t taken = 0;    ///< the version that was sent and taken
    int64_t taken_at = 0;  ///< steady clock
  };
  bool is_due(const Entry& entry, int64_t steady) const;
  std::string next(int64_t steady);
  bool done(int status, int64_t steady);

  Posting posting_;
  Clock& clock_;
  std::map<std::string, Entry> alerts_;      ///< by their labels as JSON
  std::map<std::string, uint64_t> sending_;  ///< those on their way, with their versions
  uint64_t versions_ = 0;
};

/// With libcurl. A server of `https://` is judged by the authorities of the PEM file, or if `ca_file` is empty, by the
/// machine's list. Fails with ErrorKind::usage if the file cannot be read.
Result<std::unique_ptr<AlertSender>> make_alertmanager(const std::string& url, const std::string& ca_file,
                                                       Clock& clock);
using MakeAlertSender = Result<std::unique_ptr<AlertSender>> (*)(const std::string& url, const std::string& ca_file,
                                                                 Clock& clock);

}  // namespace braid

/// An entry of the shared library.
extern "C" braid::MakeAlertSender braid_http_make_alert_sender();
