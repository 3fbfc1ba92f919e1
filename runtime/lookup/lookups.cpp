#include "runtime/lookup/lookups.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/report/lookup_findings.h"

namespace braid {
namespace {

constexpr int64_t kFirstPause = 100'000, kLongestPause = 2'000'000;
/// Requests whose answers are recorded at once, for each that may be on its way: what a crash makes be asked again.
constexpr size_t kRounds = 4;

void append_number(std::string& key, uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
}

}  // namespace

std::string answers_key(uint64_t turn, uint32_t part) {
  std::string key(kAnswersPrefix);
  append_number(key, turn, 8);
  append_number(key, part, 4);
  return key;
}

uint64_t turn_of_answers(std::string_view key) {
  uint64_t turn = 0;
  for (const char c : key.substr(kAnswersPrefix.size(), 8)) turn = turn << 8 | static_cast<unsigned char>(c);
  return turn;
}

struct Lookups::Asked {
  explicit Asked(const ServiceSpec& of) : spec(of), reader(of), cache(of.identity, of.cache_rows) {}

  const ServiceSpec& spec;
  AnswerReader reader;
  AnswerCache cache;
  std::unique_ptr<Service> service;       ///< made when it is first asked
  std::map<std::string, Answer> answers;  ///< of this turn
  bool is_silent = false;                 ///< that has been told
  std::vector<const std::string*> order;  ///< the keys of these, as they were asked for
};

Lookups::Lookups(const Program& program, MakeService make, Clock& clock)
    : program_(program), make_(std::move(make)), clock_(clock) {
  for (const ServiceSpec& spec : program.services) services_.push_back(std::make_unique<Asked>(spec));
}

Lookups::~Lookups() = default;

const RowLayout& Lookups::layout(int service) const {
  return services_[static_cast<size_t>(service)]->reader.layout();
}

bool Lookups::has_cache() const {
  return std::ranges::any_of(program_.services, [](const ServiceSpec& each) { return each.cache_us.has_value(); });
}

int64_t Lookups::reading_of(uint64_t turn) const {
  auto behind = recalled_.upper_bound(turn);
  // Turns behind the last one that was recorded have not been run before.
  const bool recorded = !recalled_.empty() && turn <= recalled_.rbegin()->first && behind != recalled_.begin();
  return recorded ? std::prev(behind)->second.reading : reading_;
}

std::optional<int64_t> Lookups::recalled_reading() const {
  if (recalled_.empty()) return std::nullopt;
  return recalled_.rbegin()->second.reading;
}

std::optional<Answer> Lookups::take_recalled(uint64_t turn, uint64_t service, const std::string& key) {
  auto take = [&](Recalled& of) -> std::optional<Answer> {
    auto taken = of.answers.extract({service, key});
    if (taken.empty()) return std::nullopt;
    return std::move(taken.mapped());
  };
  const auto behind = recalled_.lower_bound(turn);
  for (auto at = behind; at != recalled_.end(); ++at)
    if (std::optional<Answer> found = take(at->second)) return found;
  for (auto at = behind; at != recalled_.begin();)
    if (std::optional<Answer> found = take((--at)->second)) return found;
  return std::nullopt;
}

void Lookups::begin_turn(uint64_t turn) {
  if (turn == turn_) return;
  end_turn();
  turn_ = turn;
  parts_ = 0;
}

void Lookups::end_turn() {
  for (const auto& asked : services_) {
    if (asked->spec.cache_us)
      for (const std::string* key : asked->order)
        if (const Answer& answer = asked->answers.at(*key); answer.kind != Answer::Kind::failed)
          asked->cache.put(*key, answer);
    asked->order.clear();
    asked->answers.clear();
  }
}

Result<std::vector<const Answer*>> Lookups::ask(uint64_t turn, int service, std::span<const Question> questions) {
  begin_turn(turn);
  Asked& asked = *services_[static_cast<size_t>(service)];
  const ServiceSpec& spec = asked.spec;
  const int64_t now = reading_of(turn);
  std::vector<const Answer*> answers(questions.size(), nullptr);
  std::vector<const Question*> open;
  auto known = [&](const Question& question) -> const Answer* {
    if (const auto found = asked.answers.find(question.key); found != asked.answers.end()) return &found->second;
    if (spec.cache_us)
      if (const Answer* cached = asked.cache.find(question.key, now, *spec.cache_us)) {
        ++hits_;
        return cached;
      }
    std::optional<Answer> before = take_recalled(turn, spec.identity, question.key);
    if (!before) return nullptr;
    const auto placed = asked.answers.emplace(question.key, std::move(*before)).first;
    asked.order.push_back(&placed->first);
    return &placed->second;
  };
  for (size_t i = 0; i < questions.size(); ++i) {
    answers[i] = known(questions[i]);
    if (answers[i] != nullptr) continue;
    const auto [placed, fresh] = asked.answers.try_emplace(questions[i].key);
    answers[i] = &placed->second;
    if (!fresh) continue;
    asked.order.push_back(&placed->first);
    open.push_back(&questions[i]);
  }
  if (open.empty()) return answers;
  if (replays_)
    return Error{ErrorKind::input, "`" + spec.name + "` was not asked for what it is asked for now",
                 diag::ReplayDiffers::kCode, 0};
  if (asked.service == nullptr) {
    BRAID_ASSIGN(asked.service, make_(spec));
  }
  const size_t most = std::max<size_t>(spec.parallel, 1) * kRounds;
  for (size_t first = 0; first < open.size(); first += most) {
    const std::span<const Question* const> some =
        std::span<const Question* const>(open).subspan(first, std::min(most, open.size() - first));
    BRAID_TRY(ask_again(asked, some));
    BRAID_TRY(record(asked, some));
  }
  return answers;
}

Status Lookups::go_on(const Asked& of) {
  if (while_waiting_) BRAID_TRY(while_waiting_());
  if (!stop_requested_ || !stop_requested_()) return {};
  const int64_t now = clock_.steady_us();
  if (!stop_since_) stop_since_ = now;
  if (now - *stop_since_ < kPatience) return {};
  const Diagnostic stopped = diag::StoppedInLookup{.service = of.spec.name}.make();
  return Error{ErrorKind::input, stopped.message, stopped.code, 0};
}

Status Lookups::ask_again(Asked& of, std::span<const Question* const> questions) {
  const int64_t now = reading_of(turn_);
  std::vector<const Question*> left(questions.begin(), questions.end());
  int64_t pause = kFirstPause;
  for (uint32_t attempt = 0; !left.empty() && attempt <= of.spec.retries; ++attempt) {
    BRAID_TRY(go_on(of));
    if (attempt > 0) {
      clock_.sleep_us(pause);
      pause = std::min(2 * pause, kLongestPause);
    }
    std::vector<ServiceRequest> requests;
    for (const Question* question : left) requests.push_back(question->request);
    requests_ += requests.size();
    std::vector<ServiceReply> replies = of.service->ask(requests);
    BRAID_CHECK(replies.size() == requests.size(), "a service that does not reply to each request");
    std::vector<const Question*> failed;
    for (size_t i = 0; i < left.size(); ++i) {
      ServiceReply& reply = replies[i];
      if (reply.refused) {
        const Diagnostic refused = diag::ServiceRefuses{.service = of.spec.name, .reason = reply.reason}.make();
        return Error{ErrorKind::input, refused.message, refused.code, 0};
      }
      Answer& answer = of.answers.at(left[i]->key);
      answer.at = now;
      if (reply.kind == ServiceReply::Kind::found) {
        auto row = of.reader.read(reply.record);
        answer.kind = row.ok() ? Answer::Kind::found : Answer::Kind::failed;
        answer.content = row.ok() ? std::move(*row) : row.error().message;
      } else {
        answer.kind = reply.kind == ServiceReply::Kind::nothing ? Answer::Kind::nothing : Answer::Kind::failed;
        answer.content = std::move(reply.reason);
        if (answer.kind == Answer::Kind::failed && reply.again) failed.push_back(left[i]);
      }
    }
    left = std::move(failed);
  }
  if (!left.empty() && !std::exchange(of.is_silent, true))
    warnings_.push_back(
        diag::ServiceSilent{.service = of.spec.name, .reason = of.answers.at(left.front()->key).content}.make());
  return {};
}

Status Lookups::record(const Asked& of, std::span<const Question* const> questions) {
  if (!recorder_) return {};
  WireWriter out;
  out.fixed(reading_of(turn_));
  uint32_t count = 0;
  WireWriter answers;
  for (const Question* question : questions) {
    const Answer& answer = of.answers.at(question->key);
    // What stops the job is asked for again when it is started.
    if (answer.kind == Answer::Kind::failed && of.spec.stops) continue;
    ++count;
    answers.fixed(of.spec.identity);
    answers.text(question->key);
    append_answer(answers, answer);
  }
  out.fixed(count);
  out.bytes() += answers.bytes();
  // Parts that an earlier run recorded stay: a crash may come again.
  if (const auto before = recalled_.find(turn_); before != recalled_.end())
    parts_ = std::max(parts_, before->second.parts);
  return recorder_(turn_, parts_++, out.bytes());
}

Status Lookups::recall(uint64_t turn, std::string_view answers) {
  WireReader in(answers);
  Recalled& recalled = recalled_[turn];
  ++recalled.parts;
  recalled.reading = in.fixed<int64_t>();
  for (uint32_t left = in.fixed<uint32_t>(); left > 0 && !in.failed(); --left) {
    const auto service = in.fixed<uint64_t>();
    std::string key(in.text());
    recalled.answers[{service, std::move(key)}] = read_answer(in);
  }
  constexpr int kStoreCorrupt = 8002;
  if (in.failed() || !in.at_end()) return Error{ErrorKind::store, "recorded answers cannot be read", kStoreCorrupt, 0};
  return {};
}

void Lookups::freeze(StateBatch& batch, uint64_t turn) {
  end_turn();
  for (const std::string& key : foreign_) batch.erase(StateFamily::meta, key);
  foreign_.clear();
  for (const auto& asked : services_)
    if (asked->spec.cache_us) asked->cache.freeze(batch);
  batch.erase_range(StateFamily::meta, answers_key(0, 0), answers_key(turn + 1, 0));
  if (!recalled_.empty() && turn > recalled_.rbegin()->first) recalled_.clear();
}

Status Lookups::restore(StateStore& store) {
  foreign_.clear();
  turn_ = 0;
  for (const auto& asked : services_) {
    asked->answers.clear();
    asked->order.clear();
    asked->cache.clear();
  }
  BRAID_TRY(
      store.scan(StateFamily::meta, AnswerCache::kPrefix, [&](std::string_view key, std::string_view value) -> Status {
        for (const auto& asked : services_) {
          const std::string prefix = asked->cache.prefix();
          if (asked->spec.cache_us && key.starts_with(prefix))
            return asked->cache.load(key.substr(prefix.size()), value);
        }
        foreign_.emplace_back(key);
        return {};
      }));
  for (const auto& asked : services_) asked->cache.finish_loading();
  return {};
}

uint64_t Lookups::rows() const {
  uint64_t rows = 0;
  for (const auto& asked : services_) rows += asked->cache.size();
  return rows;
}

uint64_t Lookups::bytes() const {
  uint64_t bytes = 0;
  for (const auto& asked : services_) bytes += asked->cache.bytes();
  return bytes;
}

}  // namespace braid
