// The rival of the Nexmark scripts, by hand: braid_compare_nexmark QUERY DATA_DIR OUT_FILE
// One thread, simdjson and absl. It relies on what the data promises: one record a line, files in event-time order, a
// bid at most a few auctions ahead of its own, nothing late. Two files are read in the order of their times. Windows
// close four seconds behind the newest time, as the scripts' watermark does. Tables write what has changed every
// kRowsAtOnce rows: about what Braid takes at a time.
#include <absl/container/flat_hash_map.h>

#include <ctime>
#include <map>
#include <string>
#include <utility>
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
constexpr size_t kRowsAtOnce = 4096;

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

/// Each session waits in the second in which it would end, and moves on if it has grown by then.
void q11(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  struct Session {
    int64_t start = 0, last = 0, count = 0;
  };
  ById<Session> open;
  std::map<int64_t, std::vector<int64_t>> ends;
  auto wait = [&](int64_t bidder, const Session& session) {
    ends[(session.last + kWindowMs) / 1000].push_back(bidder);
  };
  auto write = [&](int64_t bidder, const Session& session) {
    out.row() << "{\"bidder\":" << bidder << ",\"bid_count\":" << session.count << ",\"starttime\":" << session.start
              << ",\"endtime\":" << session.last + kWindowMs << "}\n";
  };
  auto close_until = [&](int64_t watermark) {
    while (!ends.empty() && (ends.begin()->first + 1) * 1000 <= watermark) {
      const std::vector<int64_t> due = std::move(ends.begin()->second);
      ends.erase(ends.begin());
      for (int64_t bidder : due) {
        auto found = open.find(bidder);
        if (found->second.last + kWindowMs >= watermark) {
          wait(bidder, found->second);
          continue;
        }
        write(bidder, found->second);
        open.erase(found);
      }
    }
  };
  int64_t newest = 0;
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("bidder", bid.bidder), number("date_time", bid.time));
    if (bid.time / 1000 != newest / 1000) close_until(newest - kDelayMs);
    newest = std::max(newest, bid.time);
    Session& session = open[bid.bidder];
    if (session.count > 0 && bid.time > session.last + kWindowMs) {
      write(bid.bidder, session);
      session = {};
      session.start = bid.time;
    } else if (session.count == 0) {
      session = {bid.time, bid.time, 0};
      wait(bid.bidder, session);
    }
    session.last = std::max(session.last, bid.time);
    ++session.count;
  })) {
  }
  for (auto& [bidder, session] : open) write(bidder, session);
}

void q19(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  constexpr int kMost = 10;
  struct Top {
    int64_t prices[kMost], shown[kMost];
    int count = 0, shown_count = 0;
    bool changed = false;
  };
  ById<Top> tops;
  std::vector<int64_t> changed;
  auto show = [&] {
    for (int64_t auction : changed) {
      Top& top = tops[auction];
      for (int at = 0; at < top.count; ++at) {
        if (at < top.shown_count && top.shown[at] == top.prices[at]) continue;
        top.shown[at] = top.prices[at];
        out.row() << "{\"auction\":" << auction << ",\"rank_number\":" << int64_t{at} + 1
                  << ",\"price\":" << top.prices[at] << "}\n";
      }
      top.shown_count = top.count;
      top.changed = false;
    }
    changed.clear();
  };
  size_t rows = 0;
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("auction", bid.auction), number("price", bid.price));
    Top& top = tops[bid.auction];
    int at = top.count;
    while (at > 0 && top.prices[at - 1] < bid.price) --at;
    if (at < kMost) {
      const int last = top.count < kMost ? top.count++ : kMost - 1;
      for (int i = last; i > at; --i) top.prices[i] = top.prices[i - 1];
      top.prices[at] = bid.price;
      if (!std::exchange(top.changed, true)) changed.push_back(bid.auction);
    }
    if (++rows % kRowsAtOnce == 0) show();
  })) {
  }
  show();
}

void bids_so_far(const Paths& paths) {
  Lines bids(paths.file("bid"));
  Writer out(paths.out);
  struct Statistics {
    int64_t count = 0, highest = 0, total = 0;
    bool changed = false;
  };
  ById<Statistics> auctions;
  std::vector<int64_t> changed;
  auto show = [&] {
    for (int64_t auction : changed) {
      Statistics& found = auctions[auction];
      out.row() << "{\"auction\":" << auction << ",\"bids\":" << found.count << ",\"highest\":" << found.highest
                << ",\"total\":" << found.total << "}\n";
      found.changed = false;
    }
    changed.clear();
  };
  size_t rows = 0;
  Bid bid;
  while (bids.next([&](Document record) {
    read(record, number("auction", bid.auction), number("price", bid.price));
    Statistics& found = auctions[bid.auction];
    ++found.count;
    found.highest = std::max(found.highest, bid.price);
    found.total += bid.price;
    if (!std::exchange(found.changed, true)) changed.push_back(bid.auction);
    if (++rows % kRowsAtOnce == 0) show();
  })) {
  }
  show();
}

/// Both tables are kept, since a row of either may change.
void items(const Paths& paths) {
  Lines people(paths.file("person")), auctions(paths.file("auction"));
  Writer out(paths.out);
  struct Seller {
    std::string name, city, state;
    bool operator==(const Seller&) const = default;
  };
  struct Item {
    std::string name;
    int64_t seller = -1, category = 0;
    bool operator==(const Item&) const = default;
  };
  ById<Seller> sellers;
  ById<Item> known;
  ById<std::vector<int64_t>> sold;
  auto emit = [&](const Seller& seller, int64_t id, const Item& item, Text mark) {
    out.row() << "{\"id\":" << id << ",\"item_name\":" << item.name << ",\"category\":" << item.category
              << ",\"name\":" << seller.name << ",\"city\":" << seller.city << ",\"state\":" << seller.state << mark
              << "}\n";
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
          read(record, number("id", auction.id), text("item_name", auction.item_name),
               number("date_time", auction.time), number("seller", auction.seller),
               number("category", auction.category));
        });
      },
      [&](const Person& person) {
        Seller now{std::string(person.name), std::string(person.city), std::string(person.state)};
        Seller& seller = sellers[person.id];
        if (seller == now) return;
        seller = std::move(now);
        auto found = sold.find(person.id);
        if (found == sold.end()) return;
        for (int64_t id : found->second) emit(seller, id, known[id], "");
      },
      [&](const Auction& auction) {
        Item now{std::string(auction.item_name), auction.seller, auction.category};
        Item& item = known[auction.id];
        if (item == now) return;
        auto seller = sellers.find(auction.seller);
        if (item.seller != now.seller) {
          if (auto before = sellers.find(item.seller); before != sellers.end() && seller == sellers.end())
            emit(before->second, auction.id, item, ",\"__deleted\":true");
          if (item.seller >= 0) std::erase(sold[item.seller], auction.id);
          sold[now.seller].push_back(auction.id);
        }
        item = std::move(now);
        if (seller != sellers.end()) emit(seller->second, auction.id, item, "");
      });
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<Text, void (*)(const Paths&)> queries{
      {"q0", q0},      {"q1", q1},   {"q2", q2},   {"q3", q3},   {"q11", q11}, {"q12", q12},
      {"q15", q15},    {"q17", q17}, {"q19", q19}, {"q20", q20}, {"q22", q22}, {"bids_so_far", bids_so_far},
      {"items", items}};
  auto found = argc == 4 ? queries.find(argv[1]) : queries.end();
  if (found == queries.end()) compare::fail("braid_compare_nexmark QUERY DATA_DIR OUT_FILE", "usage");
  found->second({argv[2], argv[3]});
  return 0;
}
