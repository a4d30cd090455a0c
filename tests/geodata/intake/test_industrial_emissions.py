"""The European register of industrial emissions as its table of facilities is published, the rows invented."""

from pathlib import Path

from commands import data as command
from geodata.snapshots import snapshot

HEADER = (
    "Facility_INSPIRE_ID,parentCompanyName,nameOfFeature,mainActivityCode,mainActivityName,pointGeometryLon,"
    "pointGeometryLat,streetName,buildingNumber,postalCode,city,countryCode,telephoneNo"
)
ROWS = [
    "X/1.FACILITY,Verzonnen Concern,Slachterij Een,8(a),Slaughterhouses,5.66,52.04,Weg,1,6711AA,Ede,NL,",
    "X/2.FACILITY,Verzonnen Concern,Fabriek Twee,8(b)(i),Animal raw materials,5.09,51.56,Weg,1,,Tilburg,NL,",
    "X/3.FACILITY,Ander Concern,Schlachthof Drei,8(a),Slaughterhouses,7.07,52.43,Weg,1,48527,Nordhorn,DE,",
    "X/4.FACILITY,Ander Concern,Zuivel Vier,8(c),Milk,5.09,51.56,Weg,1,,Tilburg,NL,",
    "X/5.FACILITY,Ander Concern,Ubojnia Five,8(a),Slaughterhouses,21.0,52.2,Weg,1,,Warszawa,PL,",
    *(f"X/{n}.FACILITY,,Staal {n},2(b),Steel,4.6,52.46,Weg,1,,Velsen,NL," for n in range(6, 16)),
]


def test_slaughterhouses_and_meat_plants_are_read_with_their_owner_and_the_rest_is_no_loss(tmp_path: Path) -> None:
    path = tmp_path / "2_ProductionFacility.csv"
    path.write_text("\n".join([HEADER, *ROWS]), "utf-8")
    assert command.main(["import", "sites", str(path)]) == 0  # most of its rows are other industries: not refused
    sites = snapshot.current().table("sites").set_index("name")
    assert sites["kind"].to_dict() == {
        "Slachterij Een": "slaughterhouse",
        "Fabriek Twee": "meat_plant",
        "Schlachthof Drei": "slaughterhouse",
    }
    assert sites.loc["Slachterij Een", ["employer_group", "vr_code", "located"]].to_list() == [
        "Verzonnen Concern",
        "VR07",
        "exact",
    ]
    assert sites.loc["Schlachthof Drei", "country"] == "DE"
    assert sites["size_n"].isna().all()  # the register tells of no size: none is invented
