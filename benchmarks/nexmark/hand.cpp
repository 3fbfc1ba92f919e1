// The rival of the Nexmark scripts, by hand: braid_compare_nexmark QUERY DATA_DIR OUT_FILE
// One thread, simdjson and absl. It relies on what the data promises: one record a line, files in event-time order, a
// bid at most a few auctions ahead of its own, nothing late. Two files are read in the order of their times. Windows
// close four seconds behind the newest time, as the scripts' watermark does.
#include <absl/container/flat_hash_map.h>

#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/compare/reader.h"

namespace {

using compare::integer;
using compare::Lines;
using compare::quoted;
using compare::Writer;
using Document = compare::ondemand::document_reference;
using Text = std::string_view;
template <class Value>
using ById = absl::flat_hash_map<int64_t, Value>;

constexpr int64_t kDelayMs = 4'000;
constexpr int64_t kWindowMs = 10'000;
constexpr int64_t kDayMs = 86'400'000;

/// Fields are named in the order of the record: simdjson then finds each where the last one ended.
template <class... Fields>
void read(Document& document, Fields&&... fields) {
  (fields(document), ...);
}
auto number(Text name, int64_t& into) {
  return [=, &into](Document& document) { into = integer(document, name); };
}
auto text(Text name, Text& into) {
  return [=, &into](Document& document) { into = quoted(document, name); };
}

struct Bid {
  int64_t auction, bidder, price, time;
  Text channel, url, extra;
};
struct Auction {
  int64_t id, initial_bid, reserve, time, expires, seller, category;
  Text item_name, description, extra;
};
struct Person {
  int64_t id, time;
  Text name, city, state;
};

struct Paths {
  std::string data, out;
  std::string file(const char* name) const { return data + "/" + name + ".ndjson"; }
};

/// Two files in the order of their times.
template <class Left, class Right, class NextLeft, class NextRight, class TakeLeft, class TakeRight>
void merge(NextLeft next_left, NextRight next_right, TakeLeft take_left, TakeRight take_right) {
  Left left{};
  Right right{};
  bool has_left = next_left(left), has_right = next_right(right);
  while (has_left || has_right) {
    if (has_left && (!has_right || left.time <= right.time)) {
      take_left(left);
      has_left = next_left(left);
    } else {
      take_right(right);
      has_right = next_right(right);
    }
  }
}

Writer& bid_head(Writer& out, const Bid& bid) {
  return out.row() << "{\"auction\":" << bid.auction << ",\"bidder\":" << bid.bidder << ",\"price\":";
}

void q0(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("auction", bid.auction), number("bidder", bid.bidder), number("price", bid.price),
         number("date_time", bid.time), text("extra", bid.extra));
    bid_head(out, bid) << bid.price << ",\"date_time\":" << bid.time << ",\"extra\":" << bid.extra << "}\n";
  })) {
  }
}

void q1(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("auction", bid.auction), number("bidder", bid.bidder), number("price", bid.price),
         number("date_time", bid.time), text("extra", bid.extra));
    int64_t thousandths = bid.price * 908;
    bid_head(out, bid) << thousandths / 1000 << ".";
    out.digits(thousandths % 1000, 3);
    out << ",\"date_time\":" << bid.time << ",\"extra\":" << bid.extra << "}\n";
  })) {
  }
}

void q2(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("auction", bid.auction));
    if (bid.auction % 123 != 0) return;
    read(record, number("price", bid.price));
    out.row() << "{\"auction\":" << bid.auction << ",\"price\":" << bid.price << "}\n";
  })) {
  }
}

void q22(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("auction", bid.auction), number("bidder", bid.bidder), number("price", bid.price),
         text("channel", bid.channel), text("url", bid.url));
    bid_head(out, bid) << bid.price << ",\"channel\":" << bid.channel;
    Text url = bid.url.substr(1, bid.url.size() - 2);
    static constexpr Text kNames[] = {",\"dir1\":\"", ",\"dir2\":\"", ",\"dir3\":\""};
    size_t begin = 0;
    for (int part = 0; part <= 5; ++part) {
      size_t end = url.find('/', begin);
      if (part >= 3) out << kNames[part - 3] << url.substr(begin, end == Text::npos ? end : end - begin) << "\"";
      begin = end == Text::npos ? url.size() : end + 1;
    }
    out << "}\n";
  })) {
  }
}

void q12(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  std::map<int64_t, ById<int64_t>> windows;
  auto close_until = [&](int64_t watermark) {
    while (!windows.empty() && windows.begin()->first + kWindowMs <= watermark) {
      auto& [start, counts] = *windows.begin();
      for (auto [bidder, count] : counts) {
        out.row() << "{\"bidder\":" << bidder << ",\"bid_count\":" << count << ",\"starttime\":" << start
                  << ",\"endtime\":" << start + kWindowMs << "}\n";
      }
      windows.erase(windows.begin());
    }
  };
  int64_t newest = 0, open = -1;
  ById<int64_t>* counts = nullptr;
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("bidder", bid.bidder), number("date_time", bid.time));
    if (int64_t start = bid.time / kWindowMs * kWindowMs; start != open) {
      close_until(newest - kDelayMs);
      counts = &windows[start];
      open = start;
    }
    ++(*counts)[bid.bidder];
    newest = std::max(newest, bid.time);
  })) {
  }
  close_until(INT64_MAX);
}

std::string day_of(int64_t time_ms) {
  std::time_t seconds = time_ms / 1000;
  std::tm parts;
  gmtime_r(&seconds, &parts);
  char shown[16];
  std::strftime(shown, sizeof shown, "%Y-%m-%d", &parts);
  return shown;
}

int rank_of(int64_t price) {
  return price < 10'000 ? 0 : price < 1'000'000 ? 1 : 2;
}

/// One mask of ranks for each bidder and auction: a distinct count grows when a bit is newly set.
void q15(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  struct Counts {
    int64_t total = 0, rank[3] = {};
  };
  struct Day {
    Counts bids, bidders, auctions;
    ById<uint8_t> seen_bidders, seen_auctions;
  };
  auto count = [](uint8_t& mask, int rank, Counts& counts) {
    if (mask == 0) ++counts.total;
    if ((mask >> rank & 1) == 0) ++counts.rank[rank];
    mask |= static_cast<uint8_t>(1 << rank);
  };
  std::map<int64_t, Day> days;
  int64_t open = -1;
  Day* day = nullptr;
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("auction", bid.auction), number("bidder", bid.bidder), number("price", bid.price),
         number("date_time", bid.time));
    if (int64_t number = bid.time / kDayMs; number != open) {
      day = &days[number];
      open = number;
    }
    int rank = rank_of(bid.price);
    ++day->bids.total;
    ++day->bids.rank[rank];
    count(day->seen_bidders[bid.bidder], rank, day->bidders);
    count(day->seen_auctions[bid.auction], rank, day->auctions);
  })) {
  }
  for (auto& [number, found] : days) {
    out.row() << "{\"day\":\"" << day_of(number * kDayMs) << "\"";
    const std::pair<Text, const Counts*> parts[] = {
        {"bids", &found.bids}, {"bidders", &found.bidders}, {"auctions", &found.auctions}};
    for (auto [name, counts] : parts) {
      out << ",\"total_" << name << "\":" << counts->total;
      for (int64_t rank = 0; rank < 3; ++rank)
        out << ",\"rank" << rank + 1 << "_" << name << "\":" << counts->rank[rank];
    }
    out << "}\n";
  }
}

void q17(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  struct Statistics {
    int64_t count = 0, rank[3] = {}, min = INT64_MAX, max = 0, sum = 0;
  };
  std::map<int64_t, ById<Statistics>> days;
  int64_t open = -1;
  ById<Statistics>* day = nullptr;
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("auction", bid.auction), number("price", bid.price), number("date_time", bid.time));
    if (int64_t number = bid.time / kDayMs; number != open) {
      day = &days[number];
      open = number;
    }
    Statistics& group = (*day)[bid.auction];
    ++group.count;
    ++group.rank[rank_of(bid.price)];
    group.min = std::min(group.min, bid.price);
    group.max = std::max(group.max, bid.price);
    group.sum += bid.price;
  })) {
  }
  for (auto& [number, groups] : days) {
    std::string shown = day_of(number * kDayMs);
    for (auto& [auction, group] : groups) {
      out.row() << "{\"auction\":" << auction << ",\"day\":\"" << shown << "\",\"total_bids\":" << group.count
                << ",\"rank1_bids\":" << group.rank[0] << ",\"rank2_bids\":" << group.rank[1]
                << ",\"rank3_bids\":" << group.rank[2] << ",\"min_price\":" << group.min
                << ",\"max_price\":" << group.max << ",\"avg_price\":" << group.sum / group.count
                << ",\"sum_price\":" << group.sum << "}\n";
    }
  }
}

void q3(const Paths& paths) {
  Lines people(paths.file("person")), auctions(paths.file("auction"));
  Writer out(paths.out);
  struct Seller {
    std::string name, city, state;
  };
  ById<Seller> sellers;
  ById<std::vector<int64_t>> sold;
  auto emit = [&](const Seller& seller, int64_t auction) {
    out.row() << "{\"name\":" << seller.name << ",\"city\":" << seller.city << ",\"state\":" << seller.state
              << ",\"id\":" << auction << "}\n";
  };
  merge<Person, Auction>(
      [&](Person& person) {
        return people.next([&](Document record) {
          read(record, number("id", person.id), text("name", person.name), text("city", person.city),
               text("state", person.state), number("date_time", person.time));
        });
      },
      [&](Auction& auction) {
        return auctions.next([&](Document record) {
          read(record, number("id", auction.id), number("date_time", auction.time), number("seller", auction.seller),
               number("category", auction.category));
        });
      },
      [&](const Person& person) {
        if (person.state != "\"or\"" && person.state != "\"id\"" && person.state != "\"ca\"") return;
        Seller& seller = sellers[person.id] =
            Seller{std::string(person.name), std::string(person.city), std::string(person.state)};
        auto found = sold.find(person.id);
        if (found == sold.end()) return;
        for (int64_t auction : found->second) emit(seller, auction);
      },
      [&](const Auction& auction) {
        if (auction.category != 10) return;
        sold[auction.seller].push_back(auction.id);
        if (auto found = sellers.find(auction.seller); found != sellers.end()) emit(found->second, auction.id);
      });
}

/// An auction's id is a key: a bid waits only while its auction has not been seen.
void q20(const Paths& paths) {
  Lines auctions(paths.file("auction")), bids(paths.file("bid"));
  Writer out(paths.out);
  struct Known {
    bool chosen = false;
    std::string tail;
  };
  ById<Known> known;
  ById<std::vector<std::string>> early;
  auto append = [](std::string& to, Text name, int64_t value) {
    char digits[24];
    to.append(name).append(digits, static_cast<size_t>(std::to_chars(digits, digits + 24, value).ptr - digits));
  };
  auto head = [&](const Bid& bid) {
    std::string row;
    append(row, "{\"auction\":", bid.auction);
    append(row, ",\"bidder\":", bid.bidder);
    append(row, ",\"price\":", bid.price);
    row.append(",\"channel\":").append(bid.channel).append(",\"url\":").append(bid.url);
    append(row, ",\"bid_date_time\":", bid.time);
    return row.append(",\"bid_extra\":").append(bid.extra);
  };
  auto tail = [&](const Auction& auction) {
    std::string row;
    row.append(",\"item_name\":").append(auction.item_name).append(",\"description\":").append(auction.description);
    append(row, ",\"initial_bid\":", auction.initial_bid);
    append(row, ",\"reserve\":", auction.reserve);
    append(row, ",\"auction_date_time\":", auction.time);
    append(row, ",\"expires\":", auction.expires);
    append(row, ",\"seller\":", auction.seller);
    append(row, ",\"category\":", auction.category);
    return row.append(",\"auction_extra\":").append(auction.extra);
  };
  merge<Auction, Bid>(
      [&](Auction& auction) {
        return auctions.next([&](Document record) {
          read(record, number("id", auction.id), text("item_name", auction.item_name),
               text("description", auction.description), number("initial_bid", auction.initial_bid),
               number("reserve", auction.reserve), number("date_time", auction.time),
               number("expires", auction.expires), number("seller", auction.seller),
               number("category", auction.category), text("extra", auction.extra));
        });
      },
      [&](Bid& bid) {
        return bids.next([&](Document record) {
          read(record, number("auction", bid.auction), number("bidder", bid.bidder), number("price", bid.price),
               text("channel", bid.channel), text("url", bid.url), number("date_time", bid.time),
               text("extra", bid.extra));
        });
      },
      [&](const Auction& auction) {
        Known& found = known[auction.id];
        found.chosen = auction.category == 10;
        if (found.chosen) found.tail = tail(auction);
        auto waiting = early.find(auction.id);
        if (waiting == early.end()) return;
        if (found.chosen)
          for (const std::string& row : waiting->second) out.row() << row << found.tail << "}\n";
        early.erase(waiting);
      },
      [&](const Bid& bid) {
        auto found = known.find(bid.auction);
        if (found == known.end()) {
          early[bid.auction].push_back(head(bid));
        } else if (found->second.chosen) {
          bid_head(out, bid) << bid.price << ",\"channel\":" << bid.channel << ",\"url\":" << bid.url
                             << ",\"bid_date_time\":" << bid.time << ",\"bid_extra\":" << bid.extra
                             << found->second.tail << "}\n";
        }
      });
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<Text, void (*)(const Paths&)> queries{{"q0", q0},   {"q1", q1},   {"q2", q2},
                                                       {"q3", q3},   {"q12", q12}, {"q15", q15},
                                                       {"q17", q17}, {"q20", q20}, {"q22", q22}};
  auto found = argc == 4 ? queries.find(argv[1]) : queries.end();
  if (found == queries.end()) compare::fail("braid_compare_nexmark QUERY DATA_DIR OUT_FILE", "usage");
  found->second({argv[2], argv[3]});
  return 0;
}
