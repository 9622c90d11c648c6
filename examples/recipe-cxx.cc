/* SPDX-License-Identifier: MIT */
/* Threads of a C++ program, and a map that is changed under them. */
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <rdv/rdv.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static std::map<std::string, int> servers{{"a", 1}, {"b", 2}};
static bool stopping;
static unsigned long looks[1024]; /* by id, of which a domain has so many */

/* Read by all, and replaced as a whole while they run. */
struct limits : rdv_retired {
	explicit limits(int most) : at_most(most)
	{
	}
	int at_most;
};

static std::atomic<limits *> current{new limits(1)};

static void work(rdv::domain &domain, std::atomic<int> &found)
{
	rdv::thread self(domain, "worker");

	while (!stopping) {
		for (const auto &server : servers)
			found += server.second >= current.load()->at_most;
		looks[self.id()]++;
		rdv::harmless asleep(self);
		std::this_thread::sleep_for(100us);
	}
}

/* False: the others have not come to a harmless point in this time. */
static bool erase(rdv::thread &self, const std::string &name)
{
	rdv::isolation alone(self, 10s);

	if (!alone)
		return false;
	servers.erase(name);
	return true;
}

/* Others may be looking at the old ones until they are harmless: they are deleted then. */
static void limit(rdv::thread &self, int at_most)
{
	std::unique_ptr<limits> next(new limits(at_most));
	std::unique_ptr<limits> old(current.exchange(next.release()));

	rdv::retire(self, std::move(old));
}

/* Only a worker itself touches its number while it runs. */
static unsigned long looks_of_all(rdv::thread &self)
{
	unsigned long sum = 0;

	rdv::for_each(self, [&](unsigned id) { sum += looks[id]; });
	return sum;
}

int main()
{
	rdv::domain domain("cxx");
	rdv::thread self(domain, "main");
	std::vector<std::thread> crew;
	std::atomic<int> found{0};

	for (int i = 0; i < 3; i++)
		crew.emplace_back([&] { work(domain, found); });
	bool erased = erase(self, "a");
	for (int i = 0; i < 100; i++)
		limit(self, i % 3);
	while (!found) {
		rdv::harmless asleep(self);
		std::this_thread::sleep_for(1ms);
	}
	const bool looked = looks_of_all(self) > 0;
	{
		rdv::isolation alone(self);
		stopping = true;
	}
	{
		rdv::harmless waiting(self);
		for (auto &one : crew)
			one.join();
	}
	delete current.load();
	std::printf("%zu server left\n", servers.size());
	return !erased || !looked || servers.size() != 1;
}
