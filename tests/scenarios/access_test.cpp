// What a reader without the right sees does not depend on what is masked: random scripts of two domains, and random
// rows of which the masked values are changed. Not a byte of any output of the reading domain, no count and no error
// may differ. The owner is a script beside the reader's, or the interface of another project, whose rows are as their
// owner sees them; reads may be for a purpose. A case is one change of the masked values: kChanges for each script,
// which is compiled once. BRAID_ACCESS_CASES=n runs n cases, BRAID_ACCESS_SCRIPT=i only those of one script, which it
// shows.
//
// And the engine against the oracle where one domain reads another.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "mesh/registry/interface_script.h"
#include "runtime/base/rng.h"
#include "tests/scenarios/engine_run.h"
#include "tests/scenarios/script.h"

namespace braid::scenarios {
namespace {

constexpr int64_t kNow = 1'800'000'000'000'000;
constexpr std::string_view kReader = "mail.", kWritten = "crm.member/";
constexpr int64_t kChanges = 10;

int64_t from_environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

class Cases {
 public:
  explicit Cases(uint64_t seed) : rng_(hash_mix(seed)) {}

  std::vector<std::string> scripts() {
    table_ = one_in(3);
    far_ = !table_ && one_in(3);
    purpose_ = one_in(3);
    const std::string owner = owner_script();
    return {reader_script(), owner};
  }
  bool is_far() const { return far_; }

  /// Inputs that differ in masked values alone.
  std::vector<RecordedInput> inputs() {
    std::vector<std::string> all(1 + kChanges);
    const int64_t rows = rng_.between(3, 14);
    for (int64_t i = 0; i < rows; ++i) {
      const std::string rest = fmt::format(R"("id":{},"country":"{}","grade":{},"at":"2026-01-01T00:{:02}:{:02}Z")",
                                           rng_.between(1, 6), pick({"FR", "DE", "IT", "US"}),
                                           one_in(12) ? std::string("\"x\"") : std::to_string(rng_.between(0, 5)),
                                           rng_.between(0, 3), rng_.between(0, 59));
      const std::string email = text(), phone = text();
      // A reader's own job decodes what comes from far, and rejects it without a word of what it is.
      const bool broken = far_ && one_in(12);
      const int64_t score = rng_.between(0, 2000);
      for (std::string& each : all) {
        const bool first = &each == &all.front();
        const std::string mail = first || !masks_email_ ? email : text(),
                          call = first || !masks_phone_ ? phone : text();
        const int64_t number = first || !masks_score_ ? score : rng_.between(0, 2000);
        each +=
            record(rest, quoted(mail), quoted(call), broken ? quoted(std::to_string(number)) : std::to_string(number));
      }
    }
    std::vector<RecordedInput> made;
    for (const std::string& each : all) made.push_back(recorded(each));
    return made;
  }

  Rng& rng() { return rng_; }

 private:
  bool one_in(int64_t n) { return rng_.between(1, n) == 1; }
  std::string pick(std::vector<std::string> of) {
    return of[static_cast<size_t>(rng_.between(0, static_cast<int64_t>(of.size()) - 1))];
  }

  std::string owner_script() {
    masks_email_ = !one_in(4);
    masks_phone_ = !one_in(3);
    masks_score_ = !masks_email_ || one_in(2);
    const std::string where = pick({"", "", "grade > 1", "country in [\"FR\", \"DE\"]"});
    const std::string email = pick({"x => \"***\"", "x => x.left(1)"});
    const std::string phone = "x => if x is null then null else \"" + pick({"-", "***"}) + "\"";
    const std::string score = "x => " + pick({"0", "7"});
    const std::string purpose = purpose_ ? " for purpose care" : "";
    if (far_) return far_owner(where, email, phone, score);
    std::string text = R"(domain crm

stream signup
  time at within 10s
{ id: int, email: string, phone: string?, score: int, country: string, grade: int, at: timestamp }

product member version 1
)";
    if (table_ || one_in(3)) text += "  key id\n";
    text += "  allow read to role auditor\n";
    text += "  allow read to domain mail" + purpose + (where.empty() ? "" : " where " + where) + "\n";
    if (masks_email_) text += "  mask email with " + email + "\n";
    if (masks_phone_) text += "  mask phone with " + phone + "\n";
    if (masks_score_) text += "  mask score with " + score + "\n";
    text += "{\n  from signup\n";
    if (one_in(3)) text += "  where grade != 4\n";
    if (one_in(3)) text += "  let email = email.lower()\n";
    if (table_) text += "  last per id retain forever\n";
    text += "  select { id, email, phone, score, country, grade, at }\n}\n";
    return text;
  }

  /// The same product as another project publishes it: its rows are written as the owner sees them.
  std::string far_owner(const std::string& where, const std::string& email, const std::string& phone,
                        const std::string& score) const {
    mesh::Interface made{.domain = "crm", .name = "member"};
    made.fields = {{.name = "id", .type = int_type()},
                   {.name = "email", .type = string_type()},
                   {.name = "phone", .type = optional_type(string_type())},
                   {.name = "score", .type = int_type()},
                   {.name = "country", .type = string_type()},
                   {.name = "grade", .type = int_type()},
                   {.name = "at", .type = timestamp_type()}};
    made.time = mesh::InterfaceTime{.field = "at", .within_us = 10'000'000};
    const std::vector<std::string> purposes = purpose_ ? std::vector<std::string>{"care"} : std::vector<std::string>{};
    made.allows = {{.readers = {"role auditor"}, .purposes = {}}};
    if (where.empty())
      made.allows.push_back({.readers = {"domain mail"}, .purposes = purposes});
    else
      made.access.rows = {{.readers = {"domain mail"}, .purposes = purposes, .where = where}};
    if (masks_email_) made.access.masks.push_back({.field = {"email"}, .with = email, .except = {"role crm"}});
    if (masks_phone_) made.access.masks.push_back({.field = {"phone"}, .with = phone, .except = {}});
    if (masks_score_) made.access.masks.push_back({.field = {"score"}, .with = score, .except = {}});
    const Result<mesh::Interface> stored = mesh::interface_of_json(mesh::to_json(made));
    EXPECT_TRUE(stored.ok());
    return mesh::script_of({stored.ok() ? *stored : made});
  }

  std::string steps() {
    std::string text;
    const int64_t count = rng_.between(0, 4);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t which = rng_.between(0, table_ ? 4 : 5);
      if (which == 0) text += "  where grade > " + std::to_string(rng_.between(0, 3)) + "\n";
      if (which == 1) text += fmt::format("  let ratio_{} = 100 / (grade - {})\n", i, rng_.between(0, 4));
      if (which == 2) text += fmt::format("  let shown_{} = email.right(2) + country\n", i);
      if (which == 3) text += "  where country != \"US\"\n";
      if (which == 4) text += fmt::format("  let best_{} = score + grade * 3\n", i);
      if (which == 5) text += "  distinct id within " + pick({"5s", "1m"}) + "\n";
    }
    return text;
  }

  std::string reader_script() {
    std::string text = "domain mail\n\n";
    const std::string source = purpose_ ? "known" : "crm.member";
    if (purpose_) text += "use crm.member as known for purpose care\n\n";
    text += "product letter version 1\n";
    if (table_) text += "  key id\n";
    const std::string contract = pick({"", "  contract { check fair: grade != 3 else reject }\n",
                                       "  contract { check fair: grade < 4 else alert }\n"});
    text += contract + "{\n  from " + source + "\n" + steps() + "}\n\n";
    text += "view seen {\n  from " + source + "\n" + steps() + "}\n\n";
    text += "product figure version 1 {\n  from seen\n";
    if (!table_) text += "  window tumbling " + pick({"10s", "1m"}) + "\n";
    text += "  group country { rows: count(), highest: max(score), mails: max(email), phones: count_distinct(phone) }";
    text += table_ ? " retain forever\n}\n" : "\n}\n";
    // What a check judges on the way of a table is not for flows.
    if (!table_ || !contract.ends_with("reject }\n"))
      text += "\nproduct fault version 1 {\n  from letter.rejected\n  select { code, reason, bytes, origin, row }\n}\n";
    return text;
  }

  static std::string record(const std::string& rest, const std::string& email, const std::string& phone,
                            const std::string& score) {
    return fmt::format(R"({{"email":{},"phone":{},"score":{},{}}})", email, phone, score, rest) + "\n";
  }
  /// Values of one field begin alike.
  std::string text() {
    std::string made = "e";
    const int64_t length = rng_.between(0, 9);
    for (int64_t i = 0; i < length; ++i) made += static_cast<char>('a' + rng_.between(0, 25));
    return made;
  }
  static std::string quoted(const std::string& value) { return "\"" + value + "\""; }

  RecordedInput recorded(const std::string& bytes) const {
    const std::string source = far_ ? "crm.member" : "crm.signup";
    RecordedInput input;
    input.values.clock_us = kNow;
    input.values.job_seed = 1;
    input.values.sources[source] = {{.name = "p", .records = std::vector<reference::InputRecord>(1)}};
    // Behind the same record in both: what the changes of a table come to in a turn depends on where it ends.
    const auto lines = std::count(bytes.begin(), bytes.end(), '\n') / 2;
    size_t half = 0;
    for (auto line = lines; line > 0; --line) half = bytes.find('\n', half) + 1;
    input.turns.push_back({.source = source, .bytes = bytes.substr(0, half)});
    input.turns.push_back({.source = source,
                           .bytes = bytes.substr(half),
                           .position = static_cast<int64_t>(half),
                           .line = lines + 1,
                           .ends = true});
    return input;
  }

  Rng rng_;
  bool table_ = false, far_ = false, purpose_ = false, masks_email_ = false, masks_phone_ = false, masks_score_ = false;
};

/// What the reading domain, and whoever reads what the other one writes, can see.
Account seen(Account account, bool written) {
  const auto is_seen = [&](const std::string& name) {
    return name.starts_with(kReader) || (written && name == kWritten);
  };
  std::erase_if(account.lines, [&](const auto& each) { return !is_seen(each.first); });
  std::erase_if(account.tables, [&](const auto& each) { return !is_seen(each.first); });
  std::erase_if(account.ledgers, [](const auto& each) { return !each.first.starts_with(kReader); });
  return account;
}

TEST(Access, MaskedValuesChangeNothingThatOthersSee) {
  const int64_t only = from_environment("BRAID_ACCESS_SCRIPT", 0);
  const int64_t cases = from_environment("BRAID_ACCESS_CASES", 10'000);
  const int64_t scripts = (cases + kChanges - 1) / kChanges;
  int64_t shown = 0, differing = 0, rejected = 0, far = 0;
  for (int64_t seed = only ? only : 1; seed <= (only ? only : scripts); ++seed) {
    Cases made(static_cast<uint64_t>(seed));
    const std::vector<std::string> texts = made.scripts();
    const std::string repeat = fmt::format("repeat: BRAID_ACCESS_SCRIPT={}\n{}\n{}", seed, texts[0], texts[1]);
    if (only) std::cout << repeat << "\n";
    const Script script(texts);
    ASSERT_EQ(script.faults(), "") << repeat;
    far += made.is_far();
    // What another project publishes, it writes itself.
    const bool outlets = seed % 2 == 0 && !made.is_far();
    driver::Compiled compiled =
        script.compile(optimize::Options{}, outlets ? plan::PutOut::outlets : plan::PutOut::rows);
    const std::vector<RecordedInput> inputs = made.inputs();
    RunOptions options{.whole_errors = true};
    if (seed % 5 == 0) options.restart_after_turns = true;
    if (seed % 7 == 0) options.block_rows = 1;
    if (seed % 11 == 0) options.workers = 2;
    Result<Account> first = run_engine(compiled.program(), inputs.front(), options);
    ASSERT_TRUE(first.ok()) << repeat;
    const Account account = seen(*first, outlets);
    for (size_t change = 1; change < inputs.size(); ++change) {
      Result<Account> other = run_engine(compiled.program(), inputs[change], options);
      ASSERT_TRUE(other.ok()) << repeat;
      differing += difference(*first, *other) != "";
      ASSERT_EQ(difference(account, seen(*other, outlets)), "") << "change " << change << ", " << repeat;
    }
    for (const auto& [name, lines] : account.lines) shown += static_cast<int64_t>(lines.size());
    for (const auto& [name, counts] : account.ledgers) rejected += counts.rejected;
  }
  if (only) return;
  // The cases are about something: the reader sees rows and errors, and the owner sees another result.
  EXPECT_GT(shown, scripts * 2);
  EXPECT_GT(rejected, scripts / 10);
  EXPECT_GT(differing, (scripts - far) * kChanges / 3);
  EXPECT_GT(far, scripts / 10);
}

constexpr const char* kOwner = R"(domain crm

public stream signup
  time at within 10s
  allow read to domain mail where amount > 0
  mask email with x => "***"
{ id: int, email: string, amount: decimal(12,2), country: string, at: timestamp }

table account
  key id
  time at within 10s
{ id: int, owner: string, balance: int, at: timestamp }

product member version 1
  allow read to domain mail where id > 1
  allow read to role auditor
  mask email with x => "***"
{
  from signup
  where amount > 0
}

product newest_member version 1
  key id
  allow read to anyone
  mask email with x => x.left(1)
  contract { check named: email != "" else alert }
{
  from signup
  last per id retain forever
}

product good_account version 1
  key id
  allow read to domain mail where balance > 0
  allow read to role auditor
  mask owner with hash
  contract { check large: balance < 1_000_000 else reject }
{
  from account
}
)";

constexpr const char* kMail = R"(domain mail

use crm.signup
use crm.member
use crm.newest_member
use crm.good_account

product letter version 1 {
  from member
  let ratio = 100 / amount
  select { id, email, ratio, at }
}

product per_country version 1 {
  from member
  window tumbling 10s
  group country { rows: count(), mails: max(email) }
}

product signups version 1 {
  from signup
  distinct id within 10s
  select { id, email, came: arrival_time() }
}

product signups_per_minute version 1 {
  from signup by arrival
  window tumbling 1m
  group country { rows: count(), mails: max(email), newest: max(arrival_time()) }
}

product newest version 1
  key id
{
  from newest_member
  where country != ""
  select { id, email, twice: amount + amount }
}

product rich version 1
  key id
{
  from good_account
  select { id, owner, ratio: 1_000 / balance }
}

product both version 1
  key id
{
  from newest_member
  join good_account as a on a.id == id
  select { id, email, a.owner }
}
)";

TEST(Access, EngineEqualsReferenceAcrossDomains) {
  const Script script(std::vector<std::string>{kMail, kOwner});
  ASSERT_EQ(script.faults(), "");
  for (const plan::PutOut put_out : {plan::PutOut::rows, plan::PutOut::outlets}) {
    optimize::Options without;
    for (const optimize::PassDescription& pass : optimize::passes()) without.disabled.emplace(pass.name);
    driver::Compiled optimized = script.compile(optimize::Options{}, put_out), plain = script.compile(without, put_out);
    for (int64_t seed = 1; seed <= from_environment("BRAID_SEEDS", 40); ++seed) {
      Rng rng(hash_mix(static_cast<uint64_t>(seed)));
      const InputShape shape{.partitions = static_cast<uint32_t>(rng.between(1, 3)), .records = 40, .now_us = kNow};
      const RecordedInput input = record_input(script.project(), shape, rng);
      const Account expected = sorted(
          come_to(account_of(reference::evaluate(optimized.checked, script.project(), input.values), input.values),
                  optimized.program()));
      for (driver::Compiled* compiled : {&optimized, &plain}) {
        Result<Account> ran = run_engine(compiled->program(), input, {});
        ASSERT_TRUE(ran.ok()) << ran.error().message;
        ASSERT_EQ(difference(expected, sorted(come_to(std::move(ran).value(), compiled->program()))), "")
            << "seed " << seed << (compiled == &plain ? ", passes off" : "");
      }
      Result<Account> restarted =
          run_engine(optimized.program(), input, {.restart_after_turns = true, .block_rows = 3, .workers = 2});
      ASSERT_TRUE(restarted.ok()) << restarted.error().message;
      ASSERT_EQ(difference(expected, sorted(come_to(std::move(restarted).value(), optimized.program()))), "")
          << "seed " << seed << ", restarts";
    }
  }
}

}  // namespace
}  // namespace braid::scenarios
