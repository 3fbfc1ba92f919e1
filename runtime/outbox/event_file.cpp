#include "runtime/outbox/event_file.h"

namespace braid {

Status EventFile::append(const std::string& event) {
  if (writer_ == nullptr) {
    BRAID_TRY(fs_.make_directories(parent_directory(path_)));
    BRAID_ASSIGN(writer_, fs_.open_writer(path_, OpenMode::create_or_append));
  }
  return writer_->append(event + "\n");
}

void EventFile::work(int64_t at_most_us) {
  const int64_t end = clock_.steady_us() + at_most_us;
  if (clock_.steady_us() < try_at_) return;
  while (!queue_.empty()) {
    const Status written = append(queue_.front());
    if (!written.ok()) {
      problem_ = written.error().message;
      writer_.reset();
      try_at_ = clock_.steady_us() + kPauseUs;
      return;
    }
    problem_.clear();
    (void)queue_.take();
    ++queue_.counts.sent;
    if (clock_.steady_us() >= end) return;
  }
}

}  // namespace braid
