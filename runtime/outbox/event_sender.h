// Events of a job as a seam: somebody outside is told what it does. event_file.h writes a file,
// runtime/connect/http/event_post.h posts to a server.
#pragma once

#include <cstdint>
#include <string>

namespace braid {

class EventSender {
 public:
  struct Counts {
    uint64_t sent = 0;     ///< and taken
    uint64_t dropped = 0;  ///< too many waited, or nobody ever takes it
  };

  virtual ~EventSender() = default;
  /// A JSON object in one line, behind those that wait. Never fails: of too many the oldest are dropped.
  virtual void add(std::string event) = 0;
  /// Sends what is due and takes answers, for about so long at most. One thread.
  virtual void work(int64_t at_most_us) = 0;
  /// Nothing waits.
  virtual bool at_rest() const = 0;
  /// Why events cannot be sent now, in a few words; empty: they can.
  virtual std::string problem() const = 0;
  virtual Counts counts() const = 0;
};

}  // namespace braid
