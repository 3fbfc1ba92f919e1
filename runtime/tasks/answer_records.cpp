#include "runtime/tasks/answer_records.h"

#include <algorithm>

#include "runtime/state/wire.h"

namespace braid {
namespace {

/// Where records of epochs have the number of their layout, which is 1.
constexpr uint16_t kPiece = 0xA001;
/// What a piece has before its part of the answers, and what the client adds to a record.
constexpr size_t kAround = 512;
/// Clients with a lower limit than that are refused long before.
constexpr size_t kLeast = 1024;

}  // namespace

std::vector<std::string> answer_records(const EpochRecord& epoch, std::string_view answers, size_t longest) {
  std::vector<std::string> values;
  const size_t room = std::max(longest, kAround + kLeast) - kAround;
  const auto count = static_cast<uint32_t>((answers.size() + room - 1) / room);
  for (uint32_t place = 0; place < count; ++place) {
    WireWriter out;
    out.fixed(kPiece);
    out.fixed(epoch.before.epoch + 1);
    out.fixed(epoch.before.digest);
    out.fixed(epoch.attempt);
    out.fixed(count);
    out.fixed(place);
    out.text(answers.substr(place * room, room));
    values.push_back(out.take());
  }
  return values;
}

bool is_answer_record(std::string_view value) {
  WireReader in(value);
  return in.fixed<uint16_t>() == kPiece && !in.failed();
}

bool AnswerPieces::take(std::string_view value) {
  if (!is_answer_record(value)) return false;
  WireReader in(value);
  (void)in.fixed<uint16_t>();
  const auto number = in.fixed<uint64_t>(), before = in.fixed<uint64_t>(), attempt = in.fixed<uint64_t>();
  const auto count = in.fixed<uint32_t>(), place = in.fixed<uint32_t>();
  const std::string_view bytes = in.text();
  if (in.failed() || !in.at_end()) return true;
  Pieces& pieces = epochs_[{number, before, attempt}];
  pieces.count = count;
  pieces.by_place[place] = bytes;
  return true;
}

std::optional<std::string> AnswerPieces::join(const EpochRecord& epoch) {
  const uint64_t number = epoch.before.epoch + 1;
  std::string answers;
  if (epoch.answers != 0) {
    const auto found = epochs_.find({number, epoch.before.digest, epoch.attempt});
    if (found == epochs_.end() || found->second.by_place.size() != found->second.count) return std::nullopt;
    for (const auto& [place, bytes] : found->second.by_place) answers += bytes;
    if (digest_of_answers(answers) != epoch.answers) return std::nullopt;
  }
  forget(number);
  return answers;
}

void AnswerPieces::forget(uint64_t epoch) {
  epochs_.erase(epochs_.begin(), epochs_.lower_bound({epoch + 1, 0, 0}));
}

}  // namespace braid
