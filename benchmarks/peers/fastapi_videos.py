# SPDX-License-Identifier: Apache-2.0
"""The requests of watching as they are commonly written: FastAPI, a JWT checked by python-jose, SQLite by SQLAlchemy, under uvicorn.

    fastapi_videos.py FOLDER PORT    takes FOLDER/rows.json in, prints a token and then serves, one process, until it is stopped

It answers the videos' fields as Palco does, from rows that Palco gave. It is kinder to itself than the framework's own tutorial: no
thread is changed for a query, nothing is logged, a commit is not synced to the disk, and the grant to play is one more JWT.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt
from pydantic import BaseModel
from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, create_engine, event, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

KEY = "a key of thirty-two bytes or more of it"
FOLDER, PORT = sys.argv[1:]
engine = create_engine(f"sqlite:///{FOLDER}/peer.sqlite")


@event.listens_for(engine, "connect")
def prepare(connection, _):
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    role: Mapped[str]


class Video(Base):
    __tablename__ = "videos"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    status: Mapped[str]
    progress: Mapped[float]
    duration: Mapped[float | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    is_premium: Mapped[bool]
    is_hidden: Mapped[bool]
    has_password: Mapped[bool]
    category: Mapped[str | None]
    created_by: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ready_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    view_count: Mapped[int]
    byte_count: Mapped[int]
    thumbnail_url: Mapped[str | None]
    renditions: Mapped[list] = mapped_column(JSON)
    chapters: Mapped[list] = mapped_column(JSON)
    tag_rows: Mapped[list["Tag"]] = relationship(order_by="Tag.position")
    people_rows: Mapped[list["Person"]] = relationship(order_by="Person.position")
    __table_args__ = (Index("videos_by_age", "created_at", "id"),)

    @property
    def tags(self):
        return [row.name for row in self.tag_rows]

    @property
    def people(self):
        return [row.name for row in self.people_rows]


class Tag(Base):
    __tablename__ = "video_tags"
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Person(Base):
    __tablename__ = "video_people"
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Position(Base):
    __tablename__ = "positions"
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id"), primary_key=True)
    position: Mapped[float]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class VideoBody(BaseModel):
    id: str
    kind: str
    title: str
    description: str
    status: str
    progress: float
    duration: float | None
    width: int | None
    height: int | None
    is_premium: bool
    is_hidden: bool
    has_password: bool
    category: str | None
    tags: list[str]
    people: list[str]
    chapters: list
    created_by: str
    created_at: datetime
    updated_at: datetime
    ready_at: datetime | None
    view_count: int
    byte_count: int
    thumbnail_url: str | None
    renditions: list


class PageBody(BaseModel):
    data: list[VideoBody]
    next_cursor: str | None


class PlayBody(BaseModel):
    status: str
    playback_url: str
    expires_at: datetime
    resume_at: float


class ProgressBody(BaseModel):
    position: float


app = FastAPI()
bearer = HTTPBearer()
NAMES = (selectinload(Video.tag_rows), selectinload(Video.people_rows))


async def signed_in(credentials: HTTPAuthorizationCredentials = Depends(bearer)) -> User:
    try:
        claims = jwt.decode(credentials.credentials, KEY, algorithms=["HS256"])
    except JWTError:
        raise HTTPException(401) from None
    with Session(engine) as session:
        user = session.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


def visible(user):
    return Video.is_hidden.is_(False) & (True if user.role == "premium" else Video.is_premium.is_(False))


@app.get("/videos", response_model=PageBody)
async def videos(limit: int = 20, user: User = Depends(signed_in)):
    query = select(Video).where(visible(user)).order_by(Video.created_at.desc(), Video.id.desc()).limit(limit + 1)
    with Session(engine) as session:
        found = session.scalars(query.options(*NAMES)).all()
        page = [VideoBody.model_validate(video, from_attributes=True) for video in found[:limit]]
    return PageBody(data=page, next_cursor=page[-1].id if len(found) > limit else None)


def visible_video(session, id, user, *options):
    video = session.scalar(select(Video).where(Video.id == id, visible(user)).options(*options))
    if video is None:
        raise HTTPException(404)
    return video


@app.get("/videos/{id}", response_model=VideoBody)
async def video(id: str, user: User = Depends(signed_in)):
    with Session(engine) as session:
        return VideoBody.model_validate(visible_video(session, id, user, *NAMES), from_attributes=True)


@app.get("/videos/{id}/play", response_model=PlayBody)
async def play(id: str, user: User = Depends(signed_in)):
    expires = int(time.time()) + 3600
    with Session(engine) as session:
        found = visible_video(session, id, user)
        last = session.get(Position, (user.id, id))
        grant = jwt.encode({"video": id, "person": user.id, "exp": expires}, KEY, algorithm="HS256")
        return PlayBody(
            status=found.status, playback_url=f"/play/{grant}/master.m3u8", expires_at=datetime.fromtimestamp(expires, UTC),
            resume_at=last.position if last else 0,
        )  # fmt: skip


@app.post("/videos/{id}/progress", status_code=204)
async def progress(id: str, body: ProgressBody, user: User = Depends(signed_in)):
    with Session(engine) as session:
        visible_video(session, id, user)
        values = dict(position=body.position, updated_at=datetime.now(UTC))
        row = insert(Position).values(user_id=user.id, video_id=id, **values)
        session.execute(row.on_conflict_do_update(index_elements=["user_id", "video_id"], set_=values))
        session.commit()


def main():
    Base.metadata.create_all(engine)
    identifier = "01890a5d-ac96-774b-bcce-b302099a8057"
    columns = {column.key for column in Video.__table__.columns}
    with Session(engine) as session:
        session.add(User(id=identifier, role="user"))
        for row in json.loads((Path(FOLDER) / "rows.json").read_text()):
            values = {name: value for name, value in row.items() if name in columns}
            for name in ("created_at", "updated_at", "ready_at"):
                values[name] = datetime.fromisoformat(values[name]) if values[name] else None
            session.add(Video(**values))
            session.flush()
            session.add_all(Tag(video_id=row["id"], position=place, name=name) for place, name in enumerate(row["tags"]))
            session.add_all(Person(video_id=row["id"], position=place, name=name) for place, name in enumerate(row["people"]))
        session.commit()
    claims = {"sub": identifier, "role": "user", "iat": int(time.time()), "exp": int(time.time()) + 3600}
    print(jwt.encode(claims, KEY, algorithm="HS256"), flush=True)
    uvicorn.run(app, host="127.0.0.1", port=int(PORT), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
