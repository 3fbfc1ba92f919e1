#include "runtime/tasks/transaction.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/rng.h"

namespace braid {

Transaction::Held::Text Transaction::Held::add_text(std::optional<std::string_view> text) {
  if (!text) return {};
  bytes_ += *text;
  return {static_cast<uint32_t>(text->size()), true};
}

void Transaction::Held::add(const NewRecord& record) {
  // Few topics, and mostly the one of the record before.
  if (records_.empty() || topics_[records_.back().topic] != record.place.topic) {
    auto found = std::ranges::find(topics_, record.place.topic);
    if (found == topics_.end()) found = topics_.insert(found, record.place.topic);
    records_.push_back({.topic = static_cast<uint32_t>(found - topics_.begin())});
  } else {
    records_.push_back({.topic = records_.back().topic});
  }
  Record& held = records_.back();
  held.partition = record.place.partition;
  held.timestamp_ms = record.timestamp_ms;
  held.key = add_text(record.key);
  held.value = add_text(record.value);
  held.headers = static_cast<uint32_t>(record.headers.size());
  for (const RecordHeader& header : record.headers) {
    const Text name = add_text(header.name);
    headers_.emplace_back(name, add_text(header.value));
  }
}

template <class Visit>
void Transaction::Held::visit(const Visit& visit) const {
  std::string_view rest = bytes_;
  const auto next = [&rest](Text text) -> std::optional<std::string_view> {
    if (!text.is_there) return std::nullopt;
    const std::string_view bytes = rest.substr(0, text.size);
    rest.remove_prefix(text.size);
    return bytes;
  };
  auto header = headers_.begin();
  std::vector<RecordHeader> headers;
  NewRecord given;
  for (const Record& record : records_) {
    if (given.place.topic != topics_[record.topic]) given.place.topic = topics_[record.topic];
    given.place.partition = record.partition;
    given.timestamp_ms = record.timestamp_ms;
    given.key = next(record.key);
    given.value = next(record.value);
    headers.clear();
    for (uint32_t i = 0; i < record.headers; ++i, ++header) {
      const std::string_view name = *next(header->first);
      headers.push_back({name, next(header->second)});
    }
    given.headers = headers;
    visit(given);
  }
}

void Transaction::Held::clear() {
  records_.clear();
  headers_.clear();
  bytes_.clear();
}

BrokerStatus Transaction::begin() {
  if (open_) return {};
  if (!attempts_) BRAID_TRY(writer_.begin_transaction(patience_us_));
  open_ = true;
  return {};
}

void Transaction::write(const NewRecord& record) {
  if (failure_) return;
  if (commit_ != nullptr || at_commit_)
    held_.add(record);
  else
    send(record);
}

void Transaction::send(const NewRecord& record) {
  if (failure_) return;
  BrokerStatus written = begin();
  if (written.ok()) written = writer_.write(record);
  if (!written.ok() && open_ && written.error().fault == BrokerFault::retry) {
    // The queue is full.
    written = writer_.flush(patience_us_);
    if (written.ok()) written = writer_.write(record);
  }
  if (!written.ok()) failure_ = written.error();
}

uint64_t Transaction::next_attempt() {
  return attempts_ ? hash_mix(*attempts_, ++attempt_) | 1 : 0;
}

void Transaction::begin_commit(std::vector<OffsetToCommit> offsets, BrokerGroup& group) {
  BRAID_CHECK(commit_ == nullptr, "a commit begins before the last one is over");
  if (at_commit_) send_held();
  BrokerStatus begun = failure_ ? BrokerStatus(*failure_) : begin();
  commit_ = std::make_unique<Commit>(std::move(offsets), group, group.membership());
  Commit& commit = *commit_;
  if (!begun.ok()) {
    failure_.reset();  // of this one, not of the next
    commit.result = begun;
    return;
  }
  commit.task = executor_.start_io([this, &commit] { commit.result = run(commit); });
}

BrokerStatus Transaction::run(const Commit& commit) {
  // The end of a transaction, or offsets, may overtake a record that is still on its way.
  BRAID_TRY(writer_.flush(patience_us_));
  if (before_offsets) before_offsets();
  if (attempts_) return {};
  BRAID_TRY(writer_.send_offsets(commit.offsets, *commit.membership, patience_us_));
  return writer_.commit_transaction(patience_us_);
}

BrokerStatus Transaction::wait_for_commit() {
  if (commit_->task != nullptr) commit_->task->wait();
  BrokerStatus result = commit_->result;
  // The group belongs to this thread.
  if (result.ok() && attempts_) result = commit_->group.commit(commit_->offsets, patience_us_);
  commit_.reset();
  if (result.ok()) open_ = false;
  return result;
}

BrokerStatus Transaction::finish_commit() {
  const BrokerStatus result = wait_for_commit();
  if (!result.ok())
    held_.clear();
  else if (!at_commit_)
    send_held();
  return result;
}

void Transaction::send_held() {
  held_.visit([this](const NewRecord& record) { send(record); });
  held_.clear();
}

BrokerStatus Transaction::abort() {
  held_.clear();
  failure_.reset();
  if (commit_ != nullptr) return wait_for_commit();
  if (!std::exchange(open_, false)) return {};
  return writer_.abort_transaction(patience_us_);
}

void Transaction::forget() {
  // What it does not answer any more, nobody asks.
  if (commit_ != nullptr && commit_->task != nullptr) commit_->task->wait();
  commit_.reset();
  held_.clear();
  failure_.reset();
  open_ = false;
}

}  // namespace braid
