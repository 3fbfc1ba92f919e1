// Alerts as a seam: somebody outside is told that a promise is breached, and that it has recovered.
// runtime/connect/http/alertmanager.h tells an Alertmanager.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace braid {

struct Alert {
  using Texts = std::vector<std::pair<std::string, std::string>>;  ///< name, value
  Texts labels;                                                    ///< which alert it is
  Texts annotations;                                               ///< for people
  int64_t starts_at = 0;
  std::optional<int64_t> ends_at = {};  ///< it is over
};

class AlertSender {
 public:
  virtual ~AlertSender() = default;
  /// It takes the place of the one with these labels, whether that was sent or not.
  virtual void set(Alert alert) = 0;
  /// Sends what is due and takes answers, for about so long at most. One thread.
  virtual void work(int64_t at_most_us) = 0;
  /// Nothing waits to be sent for the first time.
  virtual bool at_rest() const = 0;
  /// Why alerts cannot be sent now, in a few words; empty: they can.
  virtual std::string problem() const = 0;
};

}  // namespace braid
