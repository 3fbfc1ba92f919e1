#include "cli/project/scaffold.h"

namespace braid::cli {
namespace {

constexpr const char* kConfig = R"TEXT([project]
name = "@NAME@"
default_env = "dev"

# Names of the scripts, bound to files. Outputs and state lie in the store.
[env.dev]
store = "data"

[env.dev.bind]
"shop.payment" = { file = "samples/payment-*.ndjson", format = "json" }
"shop.customer" = { file = "samples/customer.ndjson", format = "json" }
)TEXT";

constexpr const char* kSources = R"TEXT(domain shop
  owner "shop@@NAME@.example"

/// One record per payment.
public stream payment
  time at within 10s
  key id
{
  id: int,
  customer_id: int,
  amount: decimal(12,2),
  status: enum { authorised, captured, refunded },
  at: timestamp,
}

/// A version per change; it holds until the customer's next one.
public table customer
  key id
  time updated_at within 1m
{
  id: int,
  segment: string?,
  updated_at: timestamp,
}
)TEXT";

constexpr const char* kProduct = R"TEXT(domain insight
  owner "insight@@NAME@.example"

use shop.payment
use shop.customer

/// Captured payments with the segment that the customer had at that moment.
product enriched_payment version 1
  key id
  contract {
    check positive: amount > 0 else reject
  }
{
  from payment
  where status == "captured"
  left join customer as c on c.id == customer_id
  select { id, at, amount, segment: c?.segment ?? "unknown" }
}

/// What each segment spends, a minute at a time.
product segment_spend version 1
  key segment, minute
{
  from enriched_payment
  window tumbling 1m
  group segment { payments: count(), spend: sum(amount) }
  select { segment, minute: window.start, payments, spend }
}

test "a payment takes the segment its customer had at that time" {
  given customer [
    { id: 7, segment: "silver", updated_at: @2026-01-01T00:00Z },
    { id: 7, segment: "gold", updated_at: @2026-01-02T00:00Z },
  ]
  given payment [{ id: 1, customer_id: 7, amount: 30.00, status: "captured", at: @2026-01-01T12:00Z }]
  expect enriched_payment [{ id: 1, segment: "silver", .. }]
}

test "an amount that is no number is rejected, and says so" {
  given payment [{ id: 1, customer_id: 7, amount: 30.00, status: "captured", at: @2026-01-01T12:00Z }]
  given payment raw [
    "{\"id\": 2, \"customer_id\": 7, \"amount\": \"a lot\", \"status\": \"captured\", \"at\": \"2026-01-01T12:00:01Z\"}",
  ]
  expect enriched_payment.rejected [{ code: "E6004", reason: "`a lot` in `amount` is no number", .. }]
}
)TEXT";

constexpr const char* kPayments1 =
    R"({"id":1,"customer_id":7,"amount":30.00,"status":"captured","at":"2026-01-01T12:00:00Z"}
{"id":2,"customer_id":8,"amount":12.50,"status":"authorised","at":"2026-01-01T12:00:20Z"}
{"id":3,"customer_id":8,"amount":12.50,"status":"captured","at":"2026-01-01T12:00:31Z"}
{"id":4,"customer_id":7,"amount":"a lot","status":"captured","at":"2026-01-01T12:00:40Z"}
{"id":5,"customer_id":7,"amount":99.90,"status":"captured","at":"2026-01-02T09:15:00Z"}
)";
constexpr const char* kPayments2 =
    R"({"id":6,"customer_id":9,"amount":5.00,"status":"captured","at":"2026-01-01T12:00:05Z"}
{"id":7,"customer_id":8,"amount":70.00,"status":"refunded","at":"2026-01-01T18:00:00Z"}
{"id":8,"customer_id":8,"amount":1.20,"status":"captured","at":"2026-01-02T09:15:30Z"}
)";
constexpr const char* kCustomers = R"({"id":7,"segment":"silver","updated_at":"2026-01-01T00:00:00Z"}
{"id":8,"segment":null,"updated_at":"2026-01-01T00:00:00Z"}
{"id":7,"segment":"gold","updated_at":"2026-01-02T00:00:00Z"}
{"id":8,"segment":"silver","updated_at":"2026-01-02T00:00:00Z"}
)";

constexpr const char* kReadme = R"TEXT(# @NAME@

    braid check .       are the scripts right?
    braid dry-run .     what they make of samples/, as tables; nothing is written
    braid test .        do the tests in the scripts hold?
    braid run .         as a job: results in data/out, state in data/state; run it again and it goes on

One of the sample payments is broken on purpose: `dry-run` says which, and why.
)TEXT";

std::string named(std::string text, const std::string& name) {
  for (size_t at = text.find("@NAME@"); at != std::string::npos; at = text.find("@NAME@", at))
    text.replace(at, 6, name);
  return text;
}

}  // namespace

std::vector<ScaffoldFile> scaffold(const std::string& project_name) {
  return {{"braid.toml", named(kConfig, project_name)},
          {"shop/shop.braid", named(kSources, project_name)},
          {"insight/enriched_payment.braid", named(kProduct, project_name)},
          {"samples/payment-1.ndjson", kPayments1},
          {"samples/payment-2.ndjson", kPayments2},
          {"samples/customer.ndjson", kCustomers},
          {"README.md", named(kReadme, project_name)},
          {".gitignore", "/data/\n"}};
}

}  // namespace braid::cli
