// Posts events to a server, each in a request of its own, in order: `POST` of a JSON object, as the HTTP API of
// OpenLineage takes it.
//
// 2xx: it is taken. 408, 429, 5xx, no connection and no time left: it is tried again behind a pause (posting.h); the
// others wait. All else is said of the event itself: it is dropped and counted.
#pragma once

#include <memory>

#include "runtime/connect/http/posting.h"
#include "runtime/outbox/event_queue.h"

namespace braid {

class EventPost final : public EventSender {
 public:
  /// `url`: with a path, where to post; without one, of a server of OpenLineage (`/api/v1/lineage`). `token`: goes with
  /// each request as `Authorization: Bearer`; empty: none. The clock outlives it.
  EventPost(std::string url, const std::string& token, std::unique_ptr<registry::Http> http, Clock& clock);

  void add(std::string event) override { queue_.add(std::move(event)); }
  void work(int64_t at_most_us) override;
  bool at_rest() const override { return posting_.at_rest() && sending_.empty() && queue_.empty(); }
  std::string problem() const override { return posting_.problem(); }
  Counts counts() const override { return queue_.counts; }

 private:
  bool done(int status);

  Posting posting_;
  EventQueue queue_;
  std::string sending_;  ///< on its way, or to be tried again; empty: none
};

/// With libcurl. A server of `https://` is judged by the authorities of the PEM file, or if `ca_file` is empty, by the
/// machine's list. Fails with ErrorKind::usage if the file cannot be read.
Result<std::unique_ptr<EventSender>> make_event_post(const std::string& url, const std::string& token,
                                                     const std::string& ca_file, Clock& clock);
using MakeEventSender = Result<std::unique_ptr<EventSender>> (*)(const std::string& url, const std::string& token,
                                                                 const std::string& ca_file, Clock& clock);

}  // namespace braid

/// An entry of the shared library.
extern "C" braid::MakeEventSender braid_http_make_event_sender();
