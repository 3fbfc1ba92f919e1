#include "runtime/lookup/answer_book.h"

#include "runtime/base/check.h"

namespace braid {
namespace {

constexpr int kStoreCorrupt = 8002;
/// Of an entry, besides its key and its content.
constexpr uint64_t kOverhead = 160;

}  // namespace

void append_answer(WireWriter& out, const Answer& answer) {
  out.fixed(answer.kind);
  out.fixed(answer.at);
  out.text(answer.content);
}

Answer read_answer(WireReader& in) {
  Answer answer;
  answer.kind = in.fixed<Answer::Kind>();
  answer.at = in.fixed<int64_t>();
  answer.content = in.text();
  return answer;
}

const Answer* AnswerCache::find(const std::string& key, int64_t now, int64_t holds_us) const {
  const auto known = entries_.find(key);
  if (known == entries_.end()) return nullptr;
  const Answer& answer = known->second.answer;
  // A clock that was set back makes no answer older.
  return now >= answer.at &&
                 static_cast<uint64_t>(now) - static_cast<uint64_t>(answer.at) >= static_cast<uint64_t>(holds_us)
             ? nullptr
             : &answer;
}

void AnswerCache::put(const std::string& key, const Answer& answer) {
  const auto [entry, fresh] = entries_.try_emplace(key);
  if (!fresh) {
    order_.erase(entry->second.number);
    bytes_ -= entry->second.answer.content.size();
  } else {
    bytes_ += kOverhead + 2 * key.size();
  }
  bytes_ += answer.content.size();
  entry->second = {answer, next_++};
  order_[entry->second.number] = &entry->first;
  changed_.insert(key);
  if (entries_.size() > most_) drop_oldest();
}

void AnswerCache::drop_oldest() {
  const std::string key = *order_.begin()->second;
  order_.erase(order_.begin());
  bytes_ -= kOverhead + 2 * key.size() + entries_.at(key).answer.content.size();
  entries_.erase(key);
  changed_.insert(key);
}

std::string AnswerCache::prefix() const {
  std::string key(kPrefix);
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(identity_ >> shift);
  return key + "/";
}

void AnswerCache::freeze(StateBatch& batch) {
  const std::string begin = prefix();
  for (const std::string& key : changed_) {
    const auto known = entries_.find(key);
    if (known == entries_.end()) {
      batch.erase(StateFamily::meta, begin + key);
      continue;
    }
    WireWriter out;
    out.fixed(known->second.number);
    append_answer(out, known->second.answer);
    batch.put(StateFamily::meta, begin + key, out.bytes());
  }
  changed_.clear();
}

void AnswerCache::clear() {
  entries_.clear();
  order_.clear();
  changed_.clear();
  next_ = bytes_ = 0;
}

Status AnswerCache::load(std::string_view key, std::string_view value) {
  WireReader in(value);
  Entry entry;
  entry.number = in.fixed<uint64_t>();
  entry.answer = read_answer(in);
  if (in.failed() || !in.at_end()) return Error{ErrorKind::store, "a stored answer cannot be read", kStoreCorrupt, 0};
  next_ = std::max(next_, entry.number + 1);
  bytes_ += kOverhead + 2 * key.size() + entry.answer.content.size();
  const auto [placed, fresh] = entries_.try_emplace(std::string(key), std::move(entry));
  BRAID_CHECK(fresh, "an answer was stored twice");
  order_[placed->second.number] = &placed->first;
  return {};
}

void AnswerCache::finish_loading() {
  while (entries_.size() > most_) drop_oldest();
}

}  // namespace braid
